import * as pulumi from "@pulumi/pulumi";
import { Firewall } from "@pulumi/gcp/compute/firewall";
import { Instance } from "@pulumi/gcp/compute/instance";
import type { MountedFolder } from "../config-files";
import { dataDisk } from "../data-disk";
import type { LabelMap } from "../labels";
import { privateInstance } from "../machine/instance";
import type { PinnedSecret } from "../secret";
import { composeCloudConfig, DATA_DEVICE } from "./cloud-config";

export interface ComposeMachineArgs {
  project: string;
  region: string;
  labels: LabelMap;
  networkId: pulumi.Input<string>;
  subnetworkId: pulumi.Input<string>;
  serviceAccount: pulumi.Input<string>;
  /** Hosts of the registries that own images are pulled from. */
  registryHosts: string[];
  /** The folder of the configuration bucket with `compose/compose.yaml` and the files it mounts. */
  files: MountedFolder;
  /** Each becomes one file of the folder that Compose reads its secrets from. */
  secrets: Record<string, PinnedSecret>;
  /** Variables of Compose's `.env`. */
  env: Record<string, pulumi.Input<string>>;
  /** Rollout phase: the profiles `phase-1` to `phase-N` run. */
  phase: number;
  /** Zone in the region. Default `b`. */
  zone?: string;
  /** Default `e2-standard-4`: 4 vCPU, 16 GB. */
  machineType?: pulumi.Input<string>;
  /** GiB of the data disk. Default 60. */
  diskGiB?: pulumi.Input<number>;
  /** Days that daily snapshots are kept. Default 14. */
  snapshotDays?: number;
  /** Refuse to delete the machine and its disk. Default true. */
  deletionProtection?: boolean;
}

const TUNNEL_TAG = "tollgate-tunnel";

/** Container-Optimized OS has no Compose, and Google's images of Debian have no cloud-init; this one has it, and gcloud. */
const OPERATING_SYSTEM = "projects/ubuntu-os-cloud/global/images/family/ubuntu-2404-lts-amd64";

/**
 * The whole stack in containers on one machine: the cheapest way to run it, without a public address.
 *
 * @example
 * ```ts
 * import { ComposeMachine } from "./components/compose-machine";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * declare const files: import("./components/config-files").ConfigFiles;
 * const machine = new ComposeMachine("stack", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "stack", 1),
 *   networkId: network.networkId,
 *   subnetworkId: network.subnetworkId,
 *   serviceAccount: "stack@acme-dev.iam.gserviceaccount.com",
 *   registryHosts: ["europe-west1-docker.pkg.dev"],
 *   files,
 *   secrets: {},
 *   env: {},
 *   phase: 1,
 * });
 * ```
 */
export class ComposeMachine extends pulumi.ComponentResource {
  readonly instanceName: pulumi.Output<string>;

  constructor(name: string, args: ComposeMachineArgs, opts?: pulumi.ComponentResourceOptions) {
    const { machineType = "e2-standard-4", diskGiB = 60, snapshotDays = 14 } = args;
    const { region, zone = "b", labels, deletionProtection = true } = args;
    super(
      "tollgate:gcp:ComposeMachine",
      name,
      { machineType, diskGiB, snapshotDays, deletionProtection },
      opts,
    );
    const child = { parent: this };
    const place = `${region}-${zone}`;

    const disk = dataDisk(
      name,
      { region, zone: place, diskGiB, snapshotDays, labels, protect: deletionProtection },
      this,
    );
    // Identity-Aware Proxy's tunnels: https://cloud.google.com/iap/docs/using-tcp-forwarding
    new Firewall(
      `${name}-tunnel`,
      {
        network: args.networkId,
        direction: "INGRESS",
        sourceRanges: ["35.235.240.0/20"],
        targetTags: [TUNNEL_TAG],
        allows: [{ protocol: "tcp", ports: ["22"] }],
      },
      child,
    );
    // Value by value: `pulumi.all` does not look into a component.
    const secrets: Record<string, pulumi.Output<{ id: string; version: string }>> = Object.fromEntries(
      Object.entries(args.secrets).map(([key, { id, version }]) => [key, pulumi.output({ id, version })]),
    );
    const userData = pulumi
      .all([args.files.bucket, args.env, pulumi.all(secrets)])
      .apply(([bucket, env, secrets]) =>
        composeCloudConfig({ ...args, bucket, env, secrets, folder: args.files.folder }),
      );
    const instance = new Instance(
      name,
      privateInstance({
        ...{ zone: place, machineType, labels, deletionProtection, userData },
        subnetworkId: args.subnetworkId,
        serviceAccount: args.serviceAccount,
        boot: { image: OPERATING_SYSTEM, GiB: 30 },
        data: { disk, deviceName: DATA_DEVICE },
        metadata: { "enable-oslogin": "TRUE" },
        tags: [TUNNEL_TAG],
      }),
      child,
    );
    this.instanceName = instance.name;
    this.registerOutputs({ instanceName: this.instanceName });
  }
}
