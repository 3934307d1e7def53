import { Bucket } from "@pulumi/gcp/storage/bucket";
import { bucketSpecs } from "../../catalogue";
import { bucketOf } from "../access/designed";
import { ofType, type Rule } from "../rule";

export const bucketPrivate: Rule = {
  name: "bucket-private",
  description: "No bucket can be opened to the public: neither by an access list nor by inheritance.",
  severity: "critical",
  remedy: "Make it with components/bucket.ts",
  checks: [
    ofType(Bucket, ({ publicAccessPrevention, uniformBucketLevelAccess, website, cors = [] }) => {
      const findings = [];
      // The API's own default inherits from the organization, and may allow everything.
      if (publicAccessPrevention !== "enforced") {
        findings.push(`publicAccessPrevention is ${publicAccessPrevention ?? "not set"}`);
      }
      if (uniformBucketLevelAccess !== true) {
        findings.push(`uniformBucketLevelAccess is ${uniformBucketLevelAccess ?? "not set"}`);
      }
      if (website) findings.push("website serves it to the public");
      if (cors.length > 0) findings.push("cors lets pages of other sites read it");
      return findings;
    }),
  ],
};

export const bucketRecoverable: Rule = {
  name: "bucket-recoverable",
  description: "Deleted objects can be recovered for a week.",
  severity: "high",
  remedy: "Make it with components/bucket.ts",
  settings: { minDays: { type: "number", default: 7, minimum: 0 } },
  checks: [
    ofType(Bucket, ({ softDeletePolicy }, _, { minDays }) => {
      const seconds = softDeletePolicy?.retentionDurationSeconds;
      return seconds !== undefined && seconds >= (minDays as number) * 24 * 3600
        ? []
        : [`softDeletePolicy.retentionDurationSeconds is ${seconds ?? "not set"}`];
    }),
  ],
};

/** Days that the objects of a bucket must stay; `Infinity`: forever. By the end of the bucket's name. */
const KEPT: [RegExp, number][] = [
  [/-(trace|log|ledger)-archive$/, Infinity],
  [/-config$/, Infinity],
  [/-langfuse-(events|media)$/, 90],
  [/-(loki|tempo|alertmanager)$/, 7],
];

const CATALOGUED: Partial<Record<string, { deleteAfterDays?: number }>> = Object.fromEntries(bucketSpecs);

export const bucketKept: Rule = {
  name: "bucket-kept",
  description:
    "Archives and configuration are never deleted, traces stay 90 days, logs and silences 7; what may go goes in time.",
  severity: "high",
  remedy: "Set deleteAfterDays in catalogue/buckets.ts to what is kept",
  checks: [
    ofType(Bucket, ({ name = "", lifecycleRules = [] }, resource) => {
      const [, days = 0] = KEPT.find(([pattern]) => pattern.test(`-${name || resource.name}`)) ?? [];
      const { deleteAfterDays: latest = Infinity } = CATALOGUED[bucketOf(name || resource.name)] ?? {};
      const ages = lifecycleRules.flatMap(({ action, condition }) =>
        action?.type === "Delete" ? [condition?.age ?? 0] : [],
      );
      const late = Math.min(...ages) > latest;
      const early = lifecycleRules
        .filter(({ action }) => action?.type === "Delete")
        .filter(({ condition }) => (condition?.age ?? 0) < days)
        .map(({ condition }) => {
          const wanted = days === Infinity ? "kept forever" : `kept ${days} days`;
          return `Objects are deleted after ${condition?.age ?? 0} days and must be ${wanted}`;
        });
      return [
        ...early,
        ...(late
          ? [
              `Objects are deleted after ${ages.length > 0 ? `${Math.min(...ages)} days` : "no time"} and must be after ${latest}`,
            ]
          : []),
      ];
    }),
  ],
};
