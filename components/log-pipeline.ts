import * as pulumi from "@pulumi/pulumi";
import { ProjectSink } from "@pulumi/gcp/logging/projectSink";
import { Subscription } from "@pulumi/gcp/pubsub/subscription";
import { BucketIAMMember } from "@pulumi/gcp/storage/bucketIAMMember";
import { Topic } from "@pulumi/gcp/pubsub/topic";
import { TopicIAMMember } from "@pulumi/gcp/pubsub/topicIAMMember";
import type { LabelMap } from "./labels";

export interface LogPipelineArgs {
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** Which log entries go in, in Cloud Logging's query language. */
  filter: string;
  /** Name of the bucket that keeps the same entries, in hourly files of JSON lines, for the bucket's retention. */
  archive: pulumi.Input<string>;
  /** How long a line waits for a collector that is down, in hours. Default 24. */
  retentionHours?: number;
}

/**
 * Cloud Logging -> sink -> Pub/Sub: the collector pulls from the subscription and pushes to Loki. A second sink writes the
 * archive past Loki, so that neither Loki's retention nor an outage of it loses a line.
 *
 * @example
 * ```ts
 * import { LogPipeline } from "./components/log-pipeline";
 * import { labelsOf } from "./components/labels";
 * const logs = new LogPipeline("logs", {
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "logs", 1),
 *   filter: 'resource.type="cloud_run_revision"',
 *   archive: "acme-dev-log-archive",
 * });
 * ```
 */
export class LogPipeline extends pulumi.ComponentResource {
  readonly subscription: pulumi.Output<string>;

  constructor(name: string, args: LogPipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { labels, filter, retentionHours = 24 } = args;
    super("tollgate:gcp:LogPipeline", name, { filter, retentionHours }, opts);
    const child = { parent: this };
    const topic = new Topic(
      name,
      { name: "tollgate-logs", labels, messageStoragePolicy: { allowedPersistenceRegions: [args.region] } },
      child,
    );
    const sink = new ProjectSink(
      name,
      {
        destination: pulumi.interpolate`pubsub.googleapis.com/${topic.id}`,
        filter,
        uniqueWriterIdentity: true,
      },
      child,
    );
    new TopicIAMMember(
      `${name}-sink`,
      { topic: topic.name, role: "roles/pubsub.publisher", member: sink.writerIdentity },
      child,
    );
    const archive = new ProjectSink(
      `${name}-archive`,
      {
        name: "tollgate-logs-archive",
        destination: pulumi.interpolate`storage.googleapis.com/${args.archive}`,
        filter,
        uniqueWriterIdentity: true,
      },
      child,
    );
    new BucketIAMMember(
      `${name}-archive`,
      { bucket: args.archive, role: "roles/storage.objectCreator", member: archive.writerIdentity },
      child,
    );
    const subscription = new Subscription(
      name,
      {
        name: "tollgate-logs",
        topic: topic.id,
        labels,
        ackDeadlineSeconds: 60,
        messageRetentionDuration: `${retentionHours * 3600}s`,
        // The default would delete a subscription without a pull for a month.
        expirationPolicy: { ttl: "" },
      },
      child,
    );
    this.subscription = subscription.name;
    this.registerOutputs({ subscription: this.subscription });
  }
}
