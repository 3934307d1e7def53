import * as pulumi from "@pulumi/pulumi";
import { Address } from "@pulumi/gcp/compute/address";
import { Instance } from "@pulumi/gcp/compute/instance";
import { dataDisk } from "../data-disk";
import type { LabelMap } from "../labels";
import { privateInstance } from "../machine/instance";
import { clickHouseCloudConfig, DATA_DEVICE, type ClickHouseMachine } from "./cloud-config";

type Later = "passwordVersion" | "passwordSecret" | "env";

export interface ClickHouseArgs extends Omit<ClickHouseMachine, Later> {
  region: string;
  labels: LabelMap;
  subnetworkId: pulumi.Input<string>;
  serviceAccount: pulumi.Input<string>;
  /** The server's environment: `CLICKHOUSE_USER`, `TRACE_ARCHIVE_URL` (ending in `/`) and what its files read. No password. */
  env: Record<string, pulumi.Input<string>>;
  passwordSecret: pulumi.Input<string>;
  passwordVersion: pulumi.Input<string>;
  /** Zone in the region. Default `b`. */
  zone?: string;
  /** Default `e2-small` (2 vCPU shared, 2 GB). */
  machineType?: pulumi.Input<string>;
  /** Default 20. */
  diskGiB?: pulumi.Input<number>;
  /** A snapshot that the data disk begins with. Default: it is empty. */
  snapshot?: string;
  /** Days that daily snapshots are kept. Default 14. */
  snapshotDays?: number;
  /** Refuse to delete the machine and its disk. Default true. */
  deletionProtection?: boolean;
}

/** The family of Container-Optimized OS: a new image of the family changes nothing for a machine that exists. */
const OPERATING_SYSTEM = "projects/cos-cloud/global/images/family/cos-stable";

/**
 * ClickHouse on a dedicated machine: no external address, data on a disk that outlives the machine, daily snapshots.
 *
 * @example
 * ```ts
 * import { ClickHouse } from "./components/clickhouse";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * declare const password: import("./components/secret").Secret;
 * const clickhouse = new ClickHouse("clickhouse", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "clickhouse", 1),
 *   subnetworkId: network.subnetworkId,
 *   serviceAccount: "clickhouse@acme-dev.iam.gserviceaccount.com",
 *   registryHost: "europe-west1-docker.pkg.dev",
 *   image: "europe-west1-docker.pkg.dev/acme-dev/docker-hub/clickhouse/clickhouse-server@sha256:0123",
 *   passwordSecret: password.id,
 *   passwordVersion: password.version,
 *   env: { CLICKHOUSE_USER: "clickhouse", TRACE_ARCHIVE_URL: "https://storage.googleapis.com/acme-dev-archive/" },
 *   retentionDays: 90,
 *   memoryMiB: 1536,
 *   httpPort: 8123,
 *   ports: [8123, 9000],
 *   configFiles: {},
 * });
 * export const address = clickhouse.address;
 * ```
 */
export class ClickHouse extends pulumi.ComponentResource {
  /** The machine's address in the network. */
  readonly address: pulumi.Output<string>;
  readonly machine: { instance: pulumi.Output<string>; zone: string };

  constructor(name: string, args: ClickHouseArgs, opts?: pulumi.ComponentResourceOptions) {
    const { region, zone = "b", machineType = "e2-small", diskGiB = 20, snapshotDays = 14 } = args;
    const { deletionProtection = true, labels, retentionDays } = args;
    super(
      "tollgate:gcp:ClickHouse",
      name,
      { machineType, diskGiB, snapshotDays, retentionDays, deletionProtection },
      opts,
    );
    const child = { parent: this };
    const place = `${region}-${zone}`;

    const address = new Address(
      name,
      { region, addressType: "INTERNAL", subnetwork: args.subnetworkId, labels },
      child,
    );
    const disk = dataDisk(
      name,
      {
        ...{ region, zone: place, diskGiB, snapshotDays, labels },
        protect: deletionProtection,
        snapshot: args.snapshot,
      },
      this,
    );

    const userData = pulumi
      .all([args.passwordSecret, args.passwordVersion, args.env])
      .apply(([passwordSecret, passwordVersion, env]) =>
        clickHouseCloudConfig({ ...args, passwordSecret, passwordVersion, env }),
      );
    const instance = new Instance(
      name,
      privateInstance({
        ...{ zone: place, machineType, labels, deletionProtection, userData },
        subnetworkId: args.subnetworkId,
        networkIp: address.address,
        serviceAccount: args.serviceAccount,
        boot: { image: OPERATING_SYSTEM, GiB: 10 },
        data: { disk, deviceName: DATA_DEVICE },
        metadata: { "google-logging-enabled": "true" },
      }),
      child,
    );
    this.address = address.address;
    this.machine = { instance: instance.name, zone: place };
    this.registerOutputs({ address: this.address });
  }
}
