import { Bucket } from "../../components/bucket";
import { Postgres } from "../../components/postgres";
import { Redis } from "../../components/redis";
import { databaseRoles, databases, ports } from "../../catalogue";
import { makeClickHouse } from "./clickhouse";
import type { Foundation } from "./foundation";
import { SecretStore } from "./secret-store";
import type { Wires } from "./wiring";

/** Days after which nobody opens an archived trace or log any more, and it moves to a cheaper class. */
const ARCHIVE_COLD_AFTER_DAYS = 30;

/** The data stores, the secrets that lead to them, and how services find them. */
export function makeStores(foundation: Foundation): { wires: Wires; postgres: Postgres } {
  const { config, sizes, labels, network, configBucket, apis } = foundation;
  const { project, region, definitions } = config;
  const { networkId, privateServices } = network;
  const deletionProtection = sizes.protect;
  const { retention } = definitions;

  const postgres = new Postgres("postgres", {
    region,
    labels: labels("postgres"),
    networkId,
    privateServices,
    databases: Object.keys(databases),
    roles: databaseRoles.map(({ name }) => name),
    tier: sizes.postgresTier,
    maxConnections: sizes.postgresConnections,
    highAvailability: sizes.highAvailability,
    deletionProtection,
  });
  const redisArgs = {
    region,
    networkId,
    privateServices,
    memoryGiB: sizes.redisGiB,
    highAvailability: sizes.highAvailability,
    deletionProtection,
  };
  const redis = new Redis("redis", { ...redisArgs, labels: labels("redis"), whenFull: "noeviction" });
  const cache = sizes.ownCache
    ? new Redis("cache", { ...redisArgs, labels: labels("cache"), whenFull: "allkeys-lru" })
    : redis;

  const bucket = (
    name: string,
    phase: 1 | 3 | 5,
    days?: { deleteAfterDays?: number; coldAfterDays?: number },
  ) =>
    new Bucket(
      name,
      { project, region, labels: labels(name, phase), forceDestroy: !sizes.protect, ...days },
      { dependsOn: [apis] },
    );
  const buckets: Record<string, Bucket> = {
    // Raw events are needed until they are in ClickHouse, and again only to repair what is younger than its TTL.
    "langfuse-events": bucket("langfuse-events", 1, { deleteAfterDays: retention.traces }),
    "langfuse-media": bucket("langfuse-media", 1, { deleteAfterDays: retention.traces }),
    "trace-archive": bucket("trace-archive", 1, { coldAfterDays: ARCHIVE_COLD_AFTER_DAYS }),
    // Loki deletes by its own retention; the bucket sweeps up what a stopped compactor leaves.
    ...(config.phase >= 3
      ? {
          loki: bucket("loki", 3, { deleteAfterDays: retention.logs + 7 }),
          "log-archive": bucket("log-archive", 3, { coldAfterDays: ARCHIVE_COLD_AFTER_DAYS }),
        }
      : {}),
    ...(config.tempo ? { tempo: bucket("tempo", 5, { deleteAfterDays: retention.logs + 7 }) } : {}),
  };

  const secrets = new SecretStore(
    "secrets",
    { region, labels: labels("secrets"), configured: config.secrets, postgres, redis: { redis, cache } },
    { dependsOn: [apis] },
  );
  const wires: Wires = {
    config,
    secrets,
    buckets,
    configBucket,
    hosts: {
      postgres: { host: postgres.host, port: String(ports.postgres) },
      redis: { host: redis.host, port: redis.port },
      cache: { host: cache.host, port: cache.port },
    },
  };
  makeClickHouse(foundation, wires);
  return { wires, postgres };
}
