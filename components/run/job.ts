import * as pulumi from "@pulumi/pulumi";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import type { LabelMap } from "../labels";
import { envs, limits, volumes, type ContainerInputs } from "./container";

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

/**
 * A Cloud Run job. With a `runToken` it runs once whenever that changes, and the resource is ready when that run has
 * *succeeded* (`runExecutionToken`): what depends on it starts after it, and a failed run fails the update.
 *
 * @example
 * ```ts
 * import { RunJob } from "./components/run/job";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * const migrate = new RunJob("migrate", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "migrate", 1),
 *   image: "europe-west1-docker.pkg.dev/acme-admin/tollgate/gateway@sha256:0123",
 *   serviceAccount: "migrate@acme-dev.iam.gserviceaccount.com",
 *   networkId: network.networkId,
 *   subnetworkId: network.subnetworkId,
 *   runToken: "migration12",
 * });
 * ```
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
            vpcAccess: {
              egress: "ALL_TRAFFIC",
              networkInterfaces: [{ network: args.networkId, subnetwork: args.subnetworkId }],
            },
            containers: [
              {
                name,
                image: args.image,
                ...(args.command ? { commands: args.command } : {}),
                ...(args.args ? { args: args.args } : {}),
                envs: envs(args),
                resources: { limits: limits(memoryMiB, 1) },
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
