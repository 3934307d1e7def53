import type { Rule } from "../rule";
import { REDIS_INSTANCE, SQL_INSTANCE } from "./types";

export const databasePrivate: Rule = {
  name: "database-private",
  description: "Cloud SQL has no public address.",
  severity: "critical",
  remedy: "Set ipConfiguration.ipv4Enabled to false and privateNetwork to the stack's network",
  types: [SQL_INSTANCE],
  check: ({ settings }) => {
    const { ipv4Enabled, authorizedNetworks = [] } = settings?.ipConfiguration ?? {};
    const findings = [];
    // The API's own default is a public address: what is not said counts as one.
    if (ipv4Enabled !== false) findings.push(`ipConfiguration.ipv4Enabled is ${ipv4Enabled ?? "not set"}`);
    if (authorizedNetworks.length > 0) {
      findings.push(`ipConfiguration.authorizedNetworks admits ${authorizedNetworks.length} networks`);
    }
    return findings;
  },
};

export const databaseEncrypted: Rule = {
  name: "database-encrypted",
  description: "Cloud SQL takes connections over TLS only.",
  severity: "critical",
  remedy: "Set ipConfiguration.sslMode to ENCRYPTED_ONLY",
  types: [SQL_INSTANCE],
  check: ({ settings }) => {
    const mode = settings?.ipConfiguration?.sslMode;
    return mode === "ENCRYPTED_ONLY" || mode === "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"
      ? []
      : [`ipConfiguration.sslMode is ${mode ?? "not set"}`];
  },
};

export const databaseBackups: Rule = {
  name: "database-backups",
  description: "Cloud SQL is backed up daily and can be restored to a point in time.",
  severity: "critical",
  remedy: "Enable backupConfiguration and its pointInTimeRecovery",
  types: [SQL_INSTANCE],
  check: ({ settings }) => {
    const { enabled, pointInTimeRecoveryEnabled } = settings?.backupConfiguration ?? {};
    const findings = [];
    if (enabled !== true) findings.push(`backupConfiguration.enabled is ${enabled ?? "not set"}`);
    if (pointInTimeRecoveryEnabled !== true) {
      findings.push(
        `backupConfiguration.pointInTimeRecoveryEnabled is ${pointInTimeRecoveryEnabled ?? "not set"}`,
      );
    }
    return findings;
  },
};

export const highAvailability: Rule = {
  name: "high-availability",
  description: "In prod, Postgres and Redis survive the loss of a zone.",
  severity: "high",
  remedy: "Set availabilityType to REGIONAL (Cloud SQL) and tier to STANDARD_HA (Memorystore)",
  enforcement: { dev: "disabled" },
  types: [SQL_INSTANCE, REDIS_INSTANCE],
  check: ({ settings, tier }, { type }) => {
    const [field, value, wanted] =
      type === SQL_INSTANCE
        ? ["settings.availabilityType", settings?.availabilityType, "REGIONAL"]
        : ["tier", tier, "STANDARD_HA"];
    return value === wanted ? [] : [`${field} is ${value ?? "not set"}`];
  },
};

export const redisAuthenticated: Rule = {
  name: "redis-authenticated",
  description: "Memorystore asks for a password and speaks TLS.",
  severity: "critical",
  remedy: "Set authEnabled to true and transitEncryptionMode to SERVER_AUTHENTICATION",
  types: [REDIS_INSTANCE],
  check: ({ authEnabled, transitEncryptionMode }) => {
    const findings = [];
    if (authEnabled !== true) findings.push(`authEnabled is ${authEnabled ?? "not set"}`);
    if (transitEncryptionMode !== "SERVER_AUTHENTICATION") {
      findings.push(`transitEncryptionMode is ${transitEncryptionMode ?? "not set"}`);
    }
    return findings;
  },
};

export const redisKeepsQueue: Rule = {
  name: "redis-keeps-queue",
  description: "Langfuse's Redis never evicts, and in prod the gateway's cache does not share it.",
  severity: "critical",
  remedy: "Give Langfuse a Redis with maxmemory-policy noeviction, and the cache one of its own in prod",
  checkStack: (resources) => {
    const policies = resources
      .filter(({ type }) => type === REDIS_INSTANCE)
      .map(({ name, props }) => ({ name, policy: props.redisConfigs?.["maxmemory-policy"] ?? "not set" }));
    if (policies.length === 0 || policies.some(({ policy }) => policy === "noeviction")) return [];
    return policies.map(
      ({ name, policy }) => `${name} has maxmemory-policy ${policy}, and no other Redis keeps a queue`,
    );
  },
};

export const cacheApart: Rule = {
  name: "cache-apart",
  description: "In prod the gateway's cache has a Redis of its own, so that it cannot fill Langfuse's queue.",
  severity: "high",
  remedy: "Add a Redis with whenFull allkeys-lru for the service `cache`",
  enforcement: { dev: "disabled" },
  checkStack: (resources) => {
    const instances = resources.filter(({ type }) => type === REDIS_INSTANCE);
    const evicting = instances.filter(
      ({ props }) => props.redisConfigs?.["maxmemory-policy"] === "allkeys-lru",
    );
    return instances.length > 0 && evicting.length === 0
      ? [`The stack has ${instances.length} Redis and none is a cache`]
      : [];
  },
};
