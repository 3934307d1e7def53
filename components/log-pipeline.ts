import * as pulumi from "@pulumi/pulumi";
import { ProjectSink } from "@pulumi/gcp/logging/projectSink";
import { Subscription } from "@pulumi/gcp/pubsub/subscription";
import { Topic } from "@pulumi/gcp/pubsub/topic";
import { TopicIAMMember } from "@pulumi/gcp/pubsub/topicIAMMember";
import type { LabelMap } from "./labels";

export interface LogPipelineArgs {
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** Which log entries go in, in Cloud Logging's query language. */
  filter: string;
  /** How long a line waits for a collector that is down, in hours. Default 24. */
  retentionHours?: number;
}

/** Cloud Logging -> sink -> Pub/Sub: the collector pulls from the subscription and pushes to Loki. */
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
    const subscription = new Subscription(
      name,
      {
        name: "tollgate-logs",
        topic: topic.id,
        labels,
        ackDeadlineSeconds: 60,
        messageRetentionDuration: `${retentionHours * 3600}s`,
        // The default would delete a subscription that nobody pulled from for a month.
        expirationPolicy: { ttl: "" },
      },
      child,
    );
    this.subscription = subscription.name;
    this.registerOutputs({ subscription: this.subscription });
  }
}
