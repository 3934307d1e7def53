import * as pulumi from "@pulumi/pulumi";
import { Bucket as StorageBucket } from "@pulumi/gcp/storage/bucket";
import type { LabelMap } from "./labels";

export interface BucketArgs {
  /** Prefix of the bucket's name: project ids are globally unique, as bucket names must be. */
  project: string;
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** Days after which objects are deleted. Default: never. */
  deleteAfterDays?: number;
  /** Days after which objects move to the Coldline class. Default: never. */
  coldAfterDays?: number;
  /** Whether to delete the bucket with its contents. Default false. */
  forceDestroy?: boolean;
}

/**
 * A private bucket: uniform access, public access prevented, deleted objects recoverable for a week.
 *
 * @example
 * ```ts
 * import { Bucket } from "./components/bucket";
 * import { labelsOf } from "./components/labels";
 * const archive = new Bucket("archive", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "archive", 1),
 *   coldAfterDays: 30,
 * });
 * ```
 */
export class Bucket extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: BucketArgs, opts?: pulumi.ComponentResourceOptions) {
    const { deleteAfterDays, coldAfterDays, forceDestroy = false } = args;
    super("tollgate:gcp:Bucket", name, { deleteAfterDays, coldAfterDays, forceDestroy }, opts);
    const rules = [
      ...(deleteAfterDays ? [{ action: { type: "Delete" }, condition: { age: deleteAfterDays } }] : []),
      ...(coldAfterDays
        ? [
            {
              action: { type: "SetStorageClass", storageClass: "COLDLINE" },
              condition: { age: coldAfterDays },
            },
          ]
        : []),
    ];
    const bucket = new StorageBucket(
      name,
      {
        name: `${args.project}-${name}`,
        project: args.project,
        location: args.region,
        labels: args.labels,
        uniformBucketLevelAccess: true,
        publicAccessPrevention: "enforced",
        softDeletePolicy: { retentionDurationSeconds: 7 * 24 * 3600 },
        forceDestroy,
        ...(rules.length > 0 ? { lifecycleRules: rules } : {}),
      },
      { parent: this },
    );
    this.name = bucket.name;
    this.registerOutputs({ name: this.name });
  }
}
