import * as pulumi from "@pulumi/pulumi";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import type { LabelMap } from "../labels";
import { besideOthers, type ContainerArgs } from "./container";
import { vpcAccess, type Egress } from "./network";

export interface RunWorkerPoolArgs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  labels: LabelMap;
  serviceAccount: pulumi.Input<string>;
  networkId: pulumi.Input<string>;
  subnetworkId: pulumi.Input<string>;
  /** Default `all`. */
  egress?: Egress;
  /** Containers of each instance, together at least one vCPU. */
  containers: ContainerArgs[];
  /** Instances, at all times. Default 1. */
  instances?: number;
  /** Refuse to delete the pool. Default true. */
  deletionProtection?: boolean;
  /** Office hours stop and start it, which does not count as drift. Default false. */
  sleeps?: boolean;
}

/**
 * A Cloud Run worker pool: instances without an address that never scale to zero, cheaper than a service's.
 *
 * @example
 * ```ts
 * import { RunWorkerPool } from "./components/run/worker-pool";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * new RunWorkerPool("workers", {
 *   project: "acme-prod",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "prod", class: "prod", owner: "platform" }, "workers", 4),
 *   serviceAccount: "workers@acme-prod.iam.gserviceaccount.com",
 *   networkId: network.networkId,
 *   subnetworkId: network.subnetworkId,
 *   containers: [
 *     {
 *       name: "alloy",
 *       image: "europe-west1-docker.pkg.dev/acme-prod/docker-hub/grafana/alloy@sha256:0123",
 *       cpu: 1,
 *       memoryMiB: 512,
 *     },
 *   ],
 * });
 * ```
 */
export class RunWorkerPool extends pulumi.ComponentResource {
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: RunWorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const { instances = 1, deletionProtection = true } = args;
    super(
      "tollgate:gcp:RunWorkerPool",
      name,
      { instances, containers: args.containers.map((each) => each.name) },
      opts,
    );
    const made = args.containers.map((each) => besideOthers(each));
    const pool = new WorkerPool(
      name,
      {
        name: `tollgate-${name}`,
        project: args.project,
        location: args.region,
        labels: args.labels,
        deletionProtection,
        scaling: { manualInstanceCount: instances },
        template: {
          labels: args.labels,
          serviceAccount: args.serviceAccount,
          vpcAccess: vpcAccess(args),
          containers: made.map(({ container }) => container),
          volumes: made.flatMap((each) => each.volumes),
        },
      },
      { parent: this, ...(args.sleeps ? { ignoreChanges: ["scaling"] } : {}) },
    );
    this.name = pool.name;
    this.registerOutputs({ name: this.name });
  }
}
