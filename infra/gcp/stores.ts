import { Bucket } from "../../components/bucket";
import type { ClickHouse } from "../../components/clickhouse";
import { Postgres, POSTGRES_PORT } from "../../components/postgres";
import { Redis } from "../../components/redis";
import { bucketSpecs, databases, roleNames, type BucketName } from "../../catalogue";
import { contentFolders } from "./content-folders";
import { makeClickHouse } from "./clickhouse";
import type { StackBase } from "./base";
import { SecretStore } from "./secret-store";
import { stackHas } from "./services-of-stack";
import type { Resources } from "./resolve";

/** The data stores, the secrets that lead to them, and how services find them. */
export function makeStores(base: StackBase): {
  resources: Resources;
  postgres: Postgres;
  clickhouse: ClickHouse;
} {
  const { config, sizes, labels, network, configBucket, apis } = base;
  const { project, region } = config;
  const { networkId, privateServices } = network;
  const deletionProtection = sizes.protect;

  const postgres = new Postgres("postgres", {
    region,
    labels: labels("postgres"),
    networkId,
    privateServices,
    databases: Object.keys(databases),
    roles: roleNames,
    tier: sizes.postgresTier,
    maxConnections: sizes.postgresConnections,
    highAvailability: sizes.highAvailability,
    deletionProtection,
    sleeps: config.officeHours !== undefined,
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

  const made = bucketSpecs
    .filter(([, spec]) => stackHas(spec, config))
    .map(([name, { phase, deleteAfterDays, coldAfterDays }]) => [
      name,
      new Bucket(
        name,
        {
          project,
          region,
          labels: labels(name, phase),
          forceDestroy: !sizes.protect,
          deleteAfterDays,
          coldAfterDays,
        },
        { dependsOn: [apis] },
      ),
    ]);
  const buckets = Object.fromEntries(made) as Partial<Record<BucketName, Bucket>>;

  const secrets = new SecretStore(
    "secrets",
    { region, labels: labels("secrets"), configured: config.secrets, postgres, redis: { redis, cache } },
    { dependsOn: [apis] },
  );
  const resources: Resources = {
    config,
    secrets,
    buckets,
    configBucket,
    folders: contentFolders(base),
    hosts: {
      postgres: { host: postgres.host, port: String(POSTGRES_PORT) },
      redis: { host: redis.host, port: redis.port },
      cache: { host: cache.host, port: cache.port },
    },
  };
  const clickhouse = makeClickHouse(base, resources);
  return { resources, postgres, clickhouse };
}
