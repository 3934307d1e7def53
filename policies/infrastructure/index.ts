import type { Rule } from "../rule";
import { ingress, noAllUsers, providerKeys, vmPrivate } from "./access";
import {
  cacheApart,
  databaseBackups,
  databaseEncrypted,
  databasePrivate,
  highAvailability,
  redisAuthenticated,
  redisKeepsQueue,
} from "./data-stores";
import { deletionProtection, labels } from "./lifecycle";
import { logsRetention, metricsRetention, tracesRetention } from "./retention";
import { imagesByDigest, limitsSet, secretsFromManager, secretsPinned } from "./workloads";

/** What no stack may do with its machines, data and secrets. */
export const infrastructureRules: Rule[] = [
  databasePrivate,
  databaseEncrypted,
  databaseBackups,
  highAvailability,
  redisAuthenticated,
  redisKeepsQueue,
  cacheApart,
  vmPrivate,
  ingress,
  noAllUsers,
  providerKeys,
  imagesByDigest,
  secretsFromManager,
  secretsPinned,
  limitsSet,
  deletionProtection,
  labels,
  metricsRetention,
  logsRetention,
  tracesRetention,
];
