import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import { Disk } from "@pulumi/gcp/compute/disk";
import { Instance } from "@pulumi/gcp/compute/instance";
import { Instance as Redis } from "@pulumi/gcp/redis/instance";
import { Secret } from "@pulumi/gcp/secretmanager/secret";
import { SecretVersion } from "@pulumi/gcp/secretmanager/secretVersion";
import { DatabaseInstance } from "@pulumi/gcp/sql/databaseInstance";
import { Bucket } from "@pulumi/gcp/storage/bucket";
import { ofAnyType, ofType, type Rule } from "../rule";
import { stackSetting } from "../stack-settings";

const isOn = (field: string, value: unknown) => (value === true ? [] : [`${field} is ${value ?? "not set"}`]);

export const deletionProtection: Rule = {
  name: "deletion-protection",
  description:
    "In prod, what holds data or serves cannot be deleted by a mistake: not by Pulumi, not by the API.",
  severity: "high",
  remedy: "Set every deletion protection that the resource has",
  enforcement: { dev: "disabled" },
  checks: [
    ofType(DatabaseInstance, ({ deletionProtection, settings }) => [
      ...isOn("deletionProtection", deletionProtection),
      ...isOn("settings.deletionProtectionEnabled", settings?.deletionProtectionEnabled),
    ]),
    ofType(Redis, ({ deletionProtection }) => isOn("deletionProtection", deletionProtection)),
    ofType(Service, ({ deletionProtection }) => isOn("deletionProtection", deletionProtection)),
    ofType(WorkerPool, ({ deletionProtection }) => isOn("deletionProtection", deletionProtection)),
    ofType(Instance, ({ deletionProtection }) => isOn("deletionProtection", deletionProtection)),
    // A disk has no protection at the API: the engine's own stands in for it.
    ofType(Disk, (_, { protect }) => isOn("The option protect", protect)),
    ofType(Bucket, ({ forceDestroy }) => (forceDestroy === true ? ["forceDestroy is true"] : [])),
  ],
};

/** What office hours change between updates, at services, pools and databases. */
const OF_OFFICE_HOURS = ["scaling", "settings.activationPolicy"];

export const changesArrive: Rule = {
  name: "changes-arrive",
  description: "An update changes what it says: nothing is left as it is but what office hours change.",
  severity: "high",
  remedy: "Take ignoreChanges from the resource's options",
  checks: [
    ofAnyType((_, { ignoreChanges }) =>
      ignoreChanges
        .filter(
          (field) => !OF_OFFICE_HOURS.includes(field) || stackSetting("tollgate:officeHours") === undefined,
        )
        .map((field) => `The option ignoreChanges has ${field}`),
    ),
  ],
};

export const secretsKept: Rule = {
  name: "secrets-kept",
  description: "The versions of a secret stay, so that a rollback reads the one that it was made with.",
  severity: "high",
  remedy: "Set the version's deletionPolicy to ABANDON and no ttl, expireTime or versionDestroyTtl",
  checks: [
    ofType(SecretVersion, ({ deletionPolicy, enabled }) => [
      // The provider's own default destroys the version.
      ...(deletionPolicy === "ABANDON" ? [] : [`deletionPolicy is ${deletionPolicy ?? "not set"}`]),
      ...(enabled === false ? ["enabled is false"] : []),
    ]),
    ofType(Secret, (props) =>
      (["ttl", "expireTime", "versionDestroyTtl"] as const)
        .filter((field) => props[field] !== undefined)
        .map((field) => `${field} is ${props[field]}`),
    ),
  ],
};

const REQUIRED_LABELS = ["environment", "service", "owner", "phase"];

const lacking = (labels: Record<string, string | undefined> = {}): string[] => {
  const missing = REQUIRED_LABELS.filter((label) => !labels[label]);
  return missing.length > 0 ? [`The labels lack ${missing.join(", ")}`] : [];
};

export const labels: Rule = {
  name: "labels",
  description: "Everything that can carry labels says its environment, service, owner and phase.",
  severity: "low",
  remedy: `Set the labels ${REQUIRED_LABELS.join(", ")} with labelsOf of components/labels.ts`,
  enforcement: { dev: "advisory" },
  checks: [
    ofType(DatabaseInstance, ({ settings }) => lacking(settings?.userLabels)),
    ...[Redis, Service, Instance, Disk, Bucket].map((resourceClass) =>
      ofType(resourceClass as typeof Bucket, ({ labels }) => lacking(labels)),
    ),
  ],
};
