import * as pulumi from "@pulumi/pulumi";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import type { LabelMap } from "../labels";
import { envs, limits, volumes, type ContainerInputs } from "./container";
import { vpcAccess, type Egress } from "./network";

export interface RunJobArgs extends ContainerInputs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** By digest. */
  image: pulumi.Input<string>;
  command?: pulumi.Input<string>[];
  args?: pulumi.Input<string>[];
  serviceAccount: pulumi.Input<string>;
  networkId: pulumi.Input<string>;
  subnetworkId: pulumi.Input<string>;
  /** Default `all`. */
  egress?: Egress;
  /**
   * Changes when the job must run again: a hash of what it applies. At most 20 letters and digits. Default: an update never
   * runs it.
   */
  runToken?: string;
  /** MiB. Default 512. */
  memoryMiB?: number;
  /** Default 600. */
  timeoutSeconds?: number;
}

/** MiB that the second generation takes at least. */
const LEAST_MIB = 512;

/**
 * A Cloud Run job. With a `runToken` it runs once whenever that changes, and the resource is ready when that run has
 * *succeeded* (`runExecutionToken`): what depends on it starts after it, and a failed run fails the update.
 */
export class RunJob extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: RunJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { memoryMiB = 512, timeoutSeconds = 600 } = args;
    const { runToken } = args;
    super("tollgate:gcp:RunJob", name, { ...(runToken ? { runToken } : {}), image: args.image }, opts);
    const own = volumes(args);
    const job = new Job(
      name,
      {
        name: `tollgate-${name}`,
        project: args.project,
        location: args.region,
        labels: args.labels,
        deletionProtection: false,
        ...(runToken ? { runExecutionToken: runToken } : {}),
        template: {
          labels: args.labels,
          taskCount: 1,
          template: {
            serviceAccount: args.serviceAccount,
            executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
            maxRetries: 2,
            timeout: `${timeoutSeconds}s`,
            vpcAccess: vpcAccess(args),
            containers: [
              {
                name,
                image: args.image,
                ...(args.command ? { commands: args.command } : {}),
                ...(args.args ? { args: args.args } : {}),
                envs: envs(args),
                resources: { limits: limits(Math.max(LEAST_MIB, memoryMiB), 1) },
                volumeMounts: own.volumeMounts,
              },
            ],
            volumes: own.volumes,
          },
        },
      },
      { parent: this, customTimeouts: { create: "20m", update: "20m" } },
    );
    this.name = job.name;
    this.registerOutputs({ name: this.name });
  }
}
