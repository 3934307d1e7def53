import * as types from "../../policies/infrastructure/types";
import { holdTo, of, redis, sql } from "./cases";

const KEPT = { backupRetentionSettings: { retainedBackups: 14, retentionUnit: "COUNT" } };

const shared = redis({ redisConfigs: { "maxmemory-policy": "noeviction" } });
const config = (ttl?: number) =>
  of("gcp:storage/bucketObject:BucketObject", {
    name: "gateway/1/config.yaml",
    content: `litellm_settings: {cache_params: {${ttl === undefined ? "" : `ttl: ${ttl}`}}}`,
  });

holdTo([
  [
    "database-private",
    "Set ipConfiguration.ipv4Enabled to false and privateNetwork to the stack's network",
    [
      ["private", [sql({ ipConfiguration: { ipv4Enabled: false } })], []],
      ["public", [sql({ ipConfiguration: { ipv4Enabled: true } })], ["ipConfiguration.ipv4Enabled is true"]],
      ["not said", [sql({})], ["ipConfiguration.ipv4Enabled is not set"]],
      [
        "open networks",
        [sql({ ipConfiguration: { ipv4Enabled: false, authorizedNetworks: [{ value: "0.0.0.0/0" }] } })],
        ["ipConfiguration.authorizedNetworks admits 1 networks"],
      ],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "database-encrypted",
    "Set ipConfiguration.sslMode to ENCRYPTED_ONLY",
    [
      ["TLS only", [sql({ ipConfiguration: { sslMode: "ENCRYPTED_ONLY" } })], []],
      [
        "client certificates",
        [sql({ ipConfiguration: { sslMode: "TRUSTED_CLIENT_CERTIFICATE_REQUIRED" } })],
        [],
      ],
      [
        "both",
        [sql({ ipConfiguration: { sslMode: "ALLOW_UNENCRYPTED_AND_ENCRYPTED" } })],
        ["ipConfiguration.sslMode is ALLOW_UNENCRYPTED_AND_ENCRYPTED"],
      ],
      ["not said", [of(types.SQL_INSTANCE, {})], ["ipConfiguration.sslMode is not set"]],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "database-backups",
    "Enable backupConfiguration and its pointInTimeRecovery, and keep 14 backups and 7 days of logs",
    [
      [
        "both",
        [sql({ backupConfiguration: { ...KEPT, enabled: true, pointInTimeRecoveryEnabled: true } })],
        [],
      ],
      [
        "fewer backups and a shorter log",
        [
          sql({
            backupConfiguration: {
              enabled: true,
              pointInTimeRecoveryEnabled: true,
              transactionLogRetentionDays: 6,
              backupRetentionSettings: { retainedBackups: 13 },
            },
          }),
        ],
        [
          "backupConfiguration.backupRetentionSettings keeps 13 COUNT, not 14",
          "backupConfiguration.transactionLogRetentionDays is 6, not 7",
        ],
      ],
      [
        "no recovery",
        [sql({ backupConfiguration: { ...KEPT, enabled: true, pointInTimeRecoveryEnabled: false } })],
        ["backupConfiguration.pointInTimeRecoveryEnabled is false"],
      ],
      [
        "off",
        [sql({ backupConfiguration: { ...KEPT, enabled: false, pointInTimeRecoveryEnabled: true } })],
        ["backupConfiguration.enabled is false"],
      ],
      [
        "not said",
        [of(types.SQL_INSTANCE, {})],
        [
          "backupConfiguration.enabled is not set",
          "backupConfiguration.pointInTimeRecoveryEnabled is not set",
          "backupConfiguration.backupRetentionSettings keeps 7 COUNT, not 14",
        ],
      ],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "database-dedicated",
    "Set tollgate:sizes.postgresTier to db-custom-CPUS-MIB and leave the disk an SSD",
    [
      ["dedicated cores", [sql({ tier: "db-custom-1-3840" }), sql({})], []],
      [
        "a shared core",
        [sql({ tier: "db-g1-small" })],
        ["settings.tier is db-g1-small, which shares its core"],
      ],
      [
        "the smallest",
        [sql({ tier: "db-f1-micro" })],
        ["settings.tier is db-f1-micro, which shares its core"],
      ],
      ["a slow disk", [sql({ diskType: "PD_HDD" })], ["settings.diskType is PD_HDD"]],
      ["in dev", [sql({ tier: "db-f1-micro" })], [], "dev"],
      ["another resource", [of(types.VM, { tier: "db-f1-micro" })], []],
    ],
  ],
  [
    "high-availability",
    "Set availabilityType to REGIONAL (Cloud SQL) and tier to STANDARD_HA (Memorystore)",
    [
      ["both", [sql({ availabilityType: "REGIONAL" }), redis({ tier: "STANDARD_HA" })], []],
      ["one zone", [sql({ availabilityType: "ZONAL" })], ["settings.availabilityType is ZONAL"]],
      ["basic", [redis({ tier: "BASIC" })], ["tier is BASIC"]],
      [
        "not said",
        [redis({}), of(types.SQL_INSTANCE, {})],
        ["tier is not set", "settings.availabilityType is not set"],
      ],
      ["in dev", [redis({ tier: "BASIC" })], [], "dev"],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "redis-authenticated",
    "Set authEnabled to true and transitEncryptionMode to SERVER_AUTHENTICATION",
    [
      ["both", [redis({ authEnabled: true, transitEncryptionMode: "SERVER_AUTHENTICATION" })], []],
      [
        "no password",
        [redis({ authEnabled: false, transitEncryptionMode: "SERVER_AUTHENTICATION" })],
        ["authEnabled is false"],
      ],
      [
        "no TLS",
        [redis({ authEnabled: true, transitEncryptionMode: "DISABLED" })],
        ["transitEncryptionMode is DISABLED"],
      ],
      ["not said", [redis({})], ["authEnabled is not set", "transitEncryptionMode is not set"]],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "redis-keeps-queue",
    "Give Langfuse a Redis with maxmemory-policy noeviction",
    [
      ["no Redis", [], []],
      [
        "a queue and a cache",
        [
          redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } }, "cache"),
          redis({ redisConfigs: { "maxmemory-policy": "noeviction" } }),
        ],
        [],
      ],
      [
        "only a cache",
        [redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } })],
        ["redis has maxmemory-policy allkeys-lru, and no other Redis keeps a queue"],
      ],
      ["not said", [redis({})], ["redis has maxmemory-policy not set, and no other Redis keeps a queue"]],
    ],
  ],
  [
    "cache-expires",
    "Lower cacheTtl in litellm-config/definitions/gateway.ts, or set sizes.ownCache to give the cache its own Redis",
    [
      ["no Redis", [], []],
      [
        "a queue and a cache",
        [shared, redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } }), config()],
        [],
      ],
      ["one for both, whose entries expire", [shared, config(900)], []],
      [
        "one for both, whose entries stay",
        [shared, config(901)],
        ["gateway/1/config.yaml: litellm_settings.cache_params.ttl is 901, not 900 or less"],
      ],
      [
        "one for both, and nothing said",
        [shared, config()],
        ["gateway/1/config.yaml: litellm_settings.cache_params.ttl is not set, not 900 or less"],
      ],
    ],
  ],
]);
