import { AttachedDisk } from "@pulumi/gcp/compute/attachedDisk";
import { Disk } from "@pulumi/gcp/compute/disk";
import { DiskResourcePolicyAttachment } from "@pulumi/gcp/compute/diskResourcePolicyAttachment";
import { Instance } from "@pulumi/gcp/compute/instance";
import { ResourcePolicy } from "@pulumi/gcp/compute/resourcePolicy";
import { Job as Schedule } from "@pulumi/gcp/cloudscheduler/job";
import { AlertPolicy } from "@pulumi/gcp/monitoring/alertPolicy";
import { NotificationChannel } from "@pulumi/gcp/monitoring/notificationChannel";
import { ProjectSink } from "@pulumi/gcp/logging/projectSink";
import { Subscription } from "@pulumi/gcp/pubsub/subscription";
import { bucketNamed, matches, project } from "../catalogued/patterns";
import { allOf, ofType, type Rule } from "../rule";

export const diskSnapshots: Rule = {
  name: "disk-snapshots",
  description: "Data disks have daily snapshots that are kept 14 days, also when the disk is gone.",
  severity: "critical",
  remedy: "Make the disk with dataDisk of components/data-disk.ts",
  settings: { minDays: { type: "number", default: 14, minimum: 1 } },
  checkStack: (resources, { minDays }) => {
    const disks = allOf(resources, Disk);
    const attached = allOf(resources, DiskResourcePolicyAttachment);
    const schedules = allOf(resources, ResourcePolicy).filter(
      ({ props }) => "snapshotSchedulePolicy" in props,
    );
    const inUse = [
      ...allOf(resources, Instance).flatMap(({ props }) => props.attachedDisks ?? []),
      ...allOf(resources, AttachedDisk),
    ];
    return [
      ...(inUse.length < disks.length
        ? [
            `The stack has ${disks.length} data disks and its machines use ${inUse.length}: the rest of the data is lost with a machine`,
          ]
        : []),
      ...(attached.length < disks.length
        ? [`The stack has ${disks.length} data disks and ${attached.length} of them have a snapshot schedule`]
        : []),
      ...(disks.length > 0 && schedules.length === 0 ? ["The stack has no snapshot schedule"] : []),
      ...schedules.flatMap(({ name, props }) => {
        const { schedule, retentionPolicy } = props.snapshotSchedulePolicy ?? {};
        const { maxRetentionDays: days, onSourceDiskDelete } = retentionPolicy ?? {};
        const daily = schedule?.dailySchedule?.daysInCycle === 1 || schedule?.hourlySchedule !== undefined;
        return [
          ...(daily ? [] : [`${name} does not make snapshots daily`]),
          ...(days !== undefined && days >= (minDays as number)
            ? []
            : [`${name} keeps snapshots ${days ?? "no"} days, not ${minDays}`]),
          ...(onSourceDiskDelete === "KEEP_AUTO_SNAPSHOTS"
            ? []
            : [`${name} has onSourceDiskDelete ${onSourceDiskDelete ?? "not set"}`]),
        ];
      }),
    ];
  },
};

const LOG_TOPIC = () => `pubsub\\.googleapis\\.com/projects/${project()}/topics/tollgate-logs`;

export const logsDelivered: Rule = {
  name: "logs-delivered",
  description:
    "Schedules, alerts and log sinks are on and leave nothing out, and what a collector does not fetch in time waits a day.",
  severity: "high",
  remedy: "Make it with its component in components/",
  checks: [
    ofType(Schedule, ({ paused }) => (paused === true ? ["paused is true"] : [])),
    ofType(AlertPolicy, ({ enabled }) => (enabled === false ? ["enabled is false"] : [])),
    ofType(NotificationChannel, ({ enabled }) => (enabled === false ? ["enabled is false"] : [])),
    ofType(ProjectSink, ({ disabled, destination, filter = "", exclusions = [] }) => [
      ...(matches(`${LOG_TOPIC()}|storage\\.googleapis\\.com/${bucketNamed("log-archive")}`, destination)
        ? []
        : [`destination is ${destination}, which is not the stack's`]),
      ...(/\bseverity\b|\bsample\(/i.test(filter) ? ["filter leaves out lines by severity or chance"] : []),
      ...(disabled === true ? ["disabled is true"] : []),
      ...(exclusions.length > 0 ? [`exclusions leave out ${exclusions.length} kinds of lines`] : []),
    ]),
    ofType(Subscription, ({ messageRetentionDuration = "604800s", expirationPolicy }) => [
      ...(parseInt(messageRetentionDuration, 10) < 24 * 3600
        ? [`messageRetentionDuration is ${messageRetentionDuration}`]
        : []),
      ...(expirationPolicy?.ttl ? [`expirationPolicy.ttl is ${expirationPolicy.ttl}`] : []),
    ]),
  ],
};
