import type * as pulumi from "@pulumi/pulumi";
import { Disk } from "@pulumi/gcp/compute/disk";
import { DiskResourcePolicyAttachment } from "@pulumi/gcp/compute/diskResourcePolicyAttachment";
import { ResourcePolicy } from "@pulumi/gcp/compute/resourcePolicy";
import type { LabelMap } from "./labels";

export interface DataDiskArgs {
  region: string;
  /** Such as `europe-west1-b`. */
  zone: string;
  diskGiB: pulumi.Input<number>;
  /** Days that daily snapshots are kept, also when the disk is gone. */
  snapshotDays: number;
  labels: LabelMap;
  protect: boolean;
  /** A snapshot that a new disk begins with. Default: it is empty. */
  snapshot?: string;
}

/** A disk that outlives its machine, with daily snapshots. They are children of the machine's component. */
export function dataDisk(name: string, args: DataDiskArgs, parent: pulumi.Resource): Disk {
  const { region, zone, diskGiB, snapshotDays, labels, protect, snapshot } = args;
  const disk = new Disk(
    `${name}-data`,
    { zone, type: "pd-balanced", size: diskGiB, labels, ...(snapshot ? { snapshot } : {}) },
    { parent, protect },
  );
  const schedule = new ResourcePolicy(
    `${name}-snapshots`,
    {
      region,
      snapshotSchedulePolicy: {
        schedule: { dailySchedule: { daysInCycle: 1, startTime: "04:00" } },
        retentionPolicy: { maxRetentionDays: snapshotDays, onSourceDiskDelete: "KEEP_AUTO_SNAPSHOTS" },
        snapshotProperties: { labels, storageLocations: region },
      },
    },
    { parent },
  );
  new DiskResourcePolicyAttachment(
    `${name}-snapshots`,
    { name: schedule.name, disk: disk.name, zone },
    { parent },
  );
  return disk;
}
