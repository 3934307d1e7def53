import { Instance as Redis } from "@pulumi/gcp/redis/instance";
import { DatabaseInstance } from "@pulumi/gcp/sql/databaseInstance";
import { filesOf } from "../deployed/files";
import { allOf, ofType, type Props, type Rule } from "../rule";
import { parseYaml } from "../deployed/yaml";

export const databasePrivate: Rule = {
  name: "database-private",
  description: "Cloud SQL has no public address.",
  severity: "critical",
  remedy: "Set ipConfiguration.ipv4Enabled to false and privateNetwork to the stack's network",
  checks: [
    ofType(DatabaseInstance, ({ settings }) => {
      const { ipv4Enabled, authorizedNetworks = [] } = settings?.ipConfiguration ?? {};
      const findings = [];
      // The API's own default is a public address: what is not said counts as one.
      if (ipv4Enabled !== false) findings.push(`ipConfiguration.ipv4Enabled is ${ipv4Enabled ?? "not set"}`);
      if (authorizedNetworks.length > 0) {
        findings.push(`ipConfiguration.authorizedNetworks admits ${authorizedNetworks.length} networks`);
      }
      return findings;
    }),
  ],
};

export const databaseEncrypted: Rule = {
  name: "database-encrypted",
  description: "Cloud SQL takes connections over TLS only.",
  severity: "critical",
  remedy: "Set ipConfiguration.sslMode to ENCRYPTED_ONLY",
  checks: [
    ofType(DatabaseInstance, ({ settings }) => {
      const mode = settings?.ipConfiguration?.sslMode;
      return mode === "ENCRYPTED_ONLY" || mode === "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
        ? []
        : [`ipConfiguration.sslMode is ${mode ?? "not set"}`];
    }),
  ],
};

export const databaseBackups: Rule = {
  name: "database-backups",
  description: "Cloud SQL is backed up daily, keeps its backups and can be restored to a point in time.",
  severity: "critical",
  remedy: "Enable backupConfiguration and its pointInTimeRecovery, and keep 14 backups and 7 days of logs",
  settings: {
    minBackups: { type: "number", default: 14, minimum: 1 },
    minLogDays: { type: "number", default: 7, minimum: 1, maximum: 7 },
  },
  checks: [
    ofType(DatabaseInstance, ({ settings }, _, { minBackups, minLogDays }) => {
      const {
        enabled,
        pointInTimeRecoveryEnabled,
        transactionLogRetentionDays: logDays,
        backupRetentionSettings: { retainedBackups, retentionUnit = "COUNT" } = {},
      } = settings?.backupConfiguration ?? {};
      const findings = [];
      if (enabled !== true) findings.push(`backupConfiguration.enabled is ${enabled ?? "not set"}`);
      if (pointInTimeRecoveryEnabled !== true) {
        findings.push(
          `backupConfiguration.pointInTimeRecoveryEnabled is ${pointInTimeRecoveryEnabled ?? "not set"}`,
        );
      }
      // The API's own defaults are 7 backups and 7 days.
      if ((retainedBackups ?? 7) < (minBackups as number) || retentionUnit !== "COUNT") {
        findings.push(
          `backupConfiguration.backupRetentionSettings keeps ${retainedBackups ?? 7} ${retentionUnit}, not ${minBackups}`,
        );
      }
      if ((logDays ?? 7) < (minLogDays as number)) {
        findings.push(`backupConfiguration.transactionLogRetentionDays is ${logDays}, not ${minLogDays}`);
      }
      return findings;
    }),
  ],
};

/** Settings of Postgres by which nothing that was committed is lost, and nothing is logged that is secret. */
const FLAGS = ["max_connections"];

export const databaseSettings: Rule = {
  name: "database-settings",
  description:
    "Cloud SQL runs a supported version with its own settings: a commit is on disk when it is answered.",
  severity: "critical",
  remedy: "Make it with components/postgres.ts",
  settings: {
    flags: { type: "array", items: { type: "string" }, default: FLAGS },
    minConnections: { type: "number", default: 50, minimum: 1 },
  },
  checks: [
    ofType(DatabaseInstance, ({ databaseVersion, rootPassword, settings }, _, { flags, minConnections }) => {
      const { databaseFlags = [], activationPolicy = "ALWAYS", ipConfiguration } = settings ?? {};
      const major = Number(/^POSTGRES_(\d+)$/.exec(databaseVersion ?? "POSTGRES_16")?.[1] ?? 0);
      return [
        ...(major >= 15
          ? []
          : [`databaseVersion is ${databaseVersion}: Langfuse needs POSTGRES_15 or later`]),
        ...(rootPassword === undefined ? [] : ["rootPassword is set outside Secret Manager"]),
        ...(activationPolicy === "ALWAYS" ? [] : [`settings.activationPolicy is ${activationPolicy}`]),
        ...(settings?.diskAutoresize === false || (settings?.diskAutoresizeLimit ?? 0) > 0
          ? ["settings.diskAutoresize stops before the disk is large enough"]
          : []),
        ...((ipConfiguration?.pscConfigs ?? []).length > 0
          ? ["ipConfiguration.pscConfigs admits other projects"]
          : []),
        ...databaseFlags.flatMap(({ name = "", value }) => {
          if (!(flags as string[]).includes(name)) return [`settings.databaseFlags sets ${name} to ${value}`];
          return name === "max_connections" && Number(value) < (minConnections as number)
            ? [`settings.databaseFlags max_connections is ${value}, less than ${minConnections}`]
            : [];
        }),
      ];
    }),
    ofType(Redis, ({ redisVersion }) =>
      redisVersion === undefined || Number(/^REDIS_(\d+)/.exec(redisVersion)?.[1]) >= 7
        ? []
        : [`redisVersion is ${redisVersion}: Langfuse needs REDIS_7_0 or later`],
    ),
  ],
};

/** Tiers that share a core, which Google's agreement on availability leaves out: https://cloud.google.com/sql/sla */
const SHARED_CORE = /^db-(f1-micro|g1-small)$/;

export const databaseDedicated: Rule = {
  name: "database-dedicated",
  description: "In prod, Postgres has dedicated cores and a disk that keeps up with them.",
  severity: "high",
  remedy: "Set tollgate:sizes.postgresTier to db-custom-CPUS-MIB and leave the disk an SSD",
  enforcement: { dev: "disabled" },
  checks: [
    ofType(DatabaseInstance, ({ settings: { tier, diskType = "PD_SSD" } = {} }) => [
      ...(tier !== undefined && SHARED_CORE.test(tier)
        ? [`settings.tier is ${tier}, which shares its core`]
        : []),
      ...(diskType === "PD_SSD" || diskType === "HYPERDISK_BALANCED"
        ? []
        : [`settings.diskType is ${diskType}`]),
    ]),
  ],
};

export const highAvailability: Rule = {
  name: "high-availability",
  description: "In prod, Postgres and Redis survive the loss of a zone.",
  severity: "high",
  remedy: "Set availabilityType to REGIONAL (Cloud SQL) and tier to STANDARD_HA (Memorystore)",
  enforcement: { dev: "disabled" },
  checks: [
    ofType(DatabaseInstance, ({ settings }) =>
      settings?.availabilityType === "REGIONAL"
        ? []
        : [`settings.availabilityType is ${settings?.availabilityType ?? "not set"}`],
    ),
    ofType(Redis, ({ tier }) => (tier === "STANDARD_HA" ? [] : [`tier is ${tier ?? "not set"}`])),
  ],
};

export const redisAuthenticated: Rule = {
  name: "redis-authenticated",
  description: "Memorystore asks for a password and speaks TLS.",
  severity: "critical",
  remedy: "Set authEnabled to true and transitEncryptionMode to SERVER_AUTHENTICATION",
  checks: [
    ofType(Redis, ({ authEnabled, transitEncryptionMode }) => {
      const findings = [];
      if (authEnabled !== true) findings.push(`authEnabled is ${authEnabled ?? "not set"}`);
      if (transitEncryptionMode !== "SERVER_AUTHENTICATION") {
        findings.push(`transitEncryptionMode is ${transitEncryptionMode ?? "not set"}`);
      }
      return findings;
    }),
  ],
};

const WHEN_FULL = "maxmemory-policy";

export const redisKeepsQueue: Rule = {
  name: "redis-keeps-queue",
  description: "Langfuse's Redis never evicts.",
  severity: "critical",
  remedy: "Give Langfuse a Redis with maxmemory-policy noeviction",
  checkStack: (resources) => {
    const policies = allOf(resources, Redis).map(({ name, props }) => ({
      name,
      policy: props.redisConfigs?.[WHEN_FULL] ?? "not set",
    }));
    if (policies.length === 0 || policies.some(({ policy }) => policy === "noeviction")) return [];
    return policies.map(
      ({ name, policy }) => `${name} has maxmemory-policy ${policy}, and no other Redis keeps a queue`,
    );
  },
};

export const cacheExpires: Rule = {
  name: "cache-expires",
  description:
    "A cache that shares Langfuse's Redis, which never evicts, forgets by itself before it can fill it.",
  severity: "high",
  remedy:
    "Lower cacheTtl in litellm-config/definitions/gateway.ts, or set sizes.ownCache to give the cache its own Redis",
  enforcement: { dev: "advisory" },
  settings: { maxTtlSeconds: { type: "number", default: 900, minimum: 1 } },
  checkStack: (resources, { maxTtlSeconds }) => {
    const instances = allOf(resources, Redis);
    const apart = instances.some(({ props }) => props.redisConfigs?.[WHEN_FULL] === "allkeys-lru");
    if (instances.length === 0 || apart) return [];
    return filesOf(resources)
      .filter(({ path }) => /(^|\/)gateway\/.*config\.yaml$/.test(path))
      .flatMap(({ path, content }) => {
        const ttl = cacheTtl(content);
        return ttl !== undefined && ttl <= (maxTtlSeconds as number)
          ? []
          : [
              `${path}: litellm_settings.cache_params.ttl is ${ttl ?? "not set"}, not ${maxTtlSeconds} or less`,
            ];
      });
  },
};

/** Seconds that LiteLLM keeps an answer; none where the file does not say. */
function cacheTtl(content = ""): number | undefined {
  try {
    const ttl: unknown = (parseYaml(content) as Props | null)?.litellm_settings?.cache_params?.ttl;
    return typeof ttl === "number" ? ttl : undefined;
  } catch {
    return undefined;
  }
}
