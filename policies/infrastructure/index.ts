import type { Rule } from "../rule";
import { diskSnapshots, logsDelivered } from "./backups";
import { bucketKept, bucketPrivate, bucketRecoverable } from "./buckets";
import {
  cacheExpires,
  databaseBackups,
  databaseDedicated,
  databaseEncrypted,
  databasePrivate,
  databaseSettings,
  highAvailability,
  redisAuthenticated,
  redisKeepsQueue,
} from "./data-stores";
import { firewall, ingress, networkPrivate, noAllUsers, vmPrivate } from "./exposure";
import { documentedLimits } from "./documented-limits";
import { changesArrive, deletionProtection, labels, secretsKept } from "./lifecycle";
import { confined, vmHardened } from "./machines";
import { logsRetention, metricsRetention, tracesRetention } from "./retention";
import { scalingBounded, singletonsAwake } from "./scaling";
import { imagesByDigest, limitsSet, secretsPinned } from "./workloads";

/** What no stack may do with its machines and data. */
export const infrastructureRules: Rule[] = [
  databasePrivate,
  databaseEncrypted,
  databaseBackups,
  databaseSettings,
  databaseDedicated,
  diskSnapshots,
  highAvailability,
  redisAuthenticated,
  redisKeepsQueue,
  cacheExpires,
  vmPrivate,
  vmHardened,
  confined,
  networkPrivate,
  ingress,
  firewall,
  noAllUsers,
  bucketPrivate,
  bucketRecoverable,
  bucketKept,
  imagesByDigest,
  secretsPinned,
  limitsSet,
  documentedLimits,
  scalingBounded,
  singletonsAwake,
  deletionProtection,
  changesArrive,
  secretsKept,
  labels,
  logsDelivered,
  metricsRetention,
  logsRetention,
  tracesRetention,
];
