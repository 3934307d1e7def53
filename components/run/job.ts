import * as pulumi from "@pulumi/pulumi";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { contentHash } from "../config-files";
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
   * A hash of what the job applies: it runs again when this changes, or a version of a secret or a value that it reads, such as the
   * address of a restored database. Default: an update never runs it.
   */
  applies?: string;
  /** MiB. Default 512. */
  memoryMiB?: number;
  /** Default 600. */
  timeoutSeconds?: number;
  /** How often a failed run is retried. Default 2; 0 for what must not run twice. */
  retries?: number;
}

/** The second generation's minimum, in MiB. */
const LEAST_MIB = 512;

/**
 * A Cloud Run job. With `applies` it runs once whenever that changes, and the resource is ready when that run has
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
 *   applies: "migration12",
 * });
 * ```
 */
export class RunJob extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: RunJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { memoryMiB = 512, timeoutSeconds = 600, retries = 2 } = args;
    const { applies } = args;
    super("tollgate:gcp:RunJob", name, { ...(applies ? { applies } : {}), image: args.image }, opts);
    const own = volumes(args);
    const job = new Job(
      name,
      {
        name: `tollgate-${name}`,
        project: args.project,
        location: args.region,
        labels: args.labels,
        deletionProtection: false,
        ...(applies ? { runExecutionToken: runToken(applies, args) } : {}),
        template: {
          labels: args.labels,
          taskCount: 1,
          template: {
            serviceAccount: args.serviceAccount,
            executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
            maxRetries: retries,
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

/** Twelve hexadecimal digits: the platform makes them part of the execution's name. */
function runToken(applies: string, { env = {}, secretEnv = {}, secretFiles = {} }: ContainerInputs) {
  const versions = Object.values({ ...secretEnv, ...secretFiles }).map(
    ({ id, version }) => pulumi.interpolate`${id} ${version}`,
  );
  return pulumi
    .all([pulumi.all(env), pulumi.all(versions)])
    .apply((read) => contentHash({ applies, read: JSON.stringify(read) }));
}
