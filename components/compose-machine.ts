import * as pulumi from "@pulumi/pulumi";
import { Firewall } from "@pulumi/gcp/compute/firewall";
import { Instance } from "@pulumi/gcp/compute/instance";
import { stringify } from "yaml";
import type { MountedFolder } from "./config-files";
import { dataDisk } from "./data-disk";
import type { LabelMap } from "./labels";
import { DATA_DISK_SCRIPT, dataDiskScript, START_UPDATES, updateFiles } from "./machine";
import type { PinnedSecret } from "./secret";

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

const DATA_DEVICE = "tollgate-data";
const DATA = "/mnt/tollgate";
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
      {
        zone: place,
        machineType,
        labels,
        deletionProtection,
        allowStoppingForUpdate: true,
        bootDisk: { initializeParams: { image: OPERATING_SYSTEM, size: 30, type: "pd-balanced", labels } },
        attachedDisks: [{ source: disk.selfLink, deviceName: DATA_DEVICE, mode: "READ_WRITE" }],
        tags: [TUNNEL_TAG],
        // No `accessConfigs`: no external address.
        networkInterfaces: [{ subnetwork: args.subnetworkId }],
        serviceAccount: { email: args.serviceAccount, scopes: ["cloud-platform"] },
        shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
        metadata: { "user-data": userData, "block-project-ssh-keys": "true", "enable-oslogin": "TRUE" },
      },
      child,
    );
    this.instanceName = instance.name;
    this.registerOutputs({ instanceName: this.instanceName });
  }
}

interface ComposeCloudConfig {
  project: string;
  registryHosts: string[];
  bucket: string;
  folder: string;
  env: Record<string, string>;
  secrets: Record<string, { id: string; version: string }>;
  phase: number;
}

/** Cloud-config that installs Docker with its data on the data disk, and starts Compose at every boot. */
export function composeCloudConfig({
  project,
  registryHosts,
  bucket,
  folder,
  env,
  secrets,
  phase,
}: ComposeCloudConfig): string {
  const profiles = Array.from({ length: phase }, (_, at) => `--profile phase-${at + 1}`).join(" ");
  const fetchSecrets = Object.entries(secrets).map(
    ([name, { id, version }]) =>
      `gcloud secrets versions access ${version} --secret=${id} --project=${project} --out-file=/run/tollgate/secrets/${name}`,
  );
  const start = [
    "#!/bin/bash",
    "set -euo pipefail",
    "umask 077",
    "mkdir -p /run/tollgate/secrets /opt/tollgate/generated",
    ...fetchSecrets,
    // Containers read them as their own users.
    "chmod 0444 /run/tollgate/secrets/*",
    "chmod 0755 /run/tollgate /run/tollgate/secrets",
    "umask 022",
    `gcloud storage rsync --recursive --delete-unmatched-destination-objects gs://${bucket}/${folder} /opt/tollgate/generated`,
    `gcloud auth configure-docker ${registryHosts.join(",")} --quiet`,
    "cd /opt/tollgate/generated/compose",
    `docker compose --env-file /opt/tollgate/env ${profiles} up --detach --remove-orphans`,
    "",
  ].join("\n");
  const unit = [
    "[Unit]",
    "Description=Tollgate on Docker Compose",
    "After=docker.service network-online.target",
    "Wants=network-online.target",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    "Environment=HOME=/root",
    "Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin",
    `ExecStartPre=/bin/bash ${DATA_DISK_SCRIPT}`,
    "ExecStart=/opt/tollgate/start.sh",
    "Restart=on-failure",
    "RestartSec=30",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
  const config = {
    package_update: true,
    packages: ["docker.io", "docker-compose-v2"],
    // cloud-init runs anew for a changed configuration: the machine's keys stay.
    ssh_deletekeys: false,
    write_files: [
      dataDiskScript({ deviceName: DATA_DEVICE, folder: DATA }),
      ...updateFiles(),
      {
        // Its data is on the data disk: it starts with the disk, or not at all.
        path: "/etc/systemd/system/docker.service.d/data-disk.conf",
        permissions: "0644",
        content: `[Service]\nExecStartPre=/bin/bash ${DATA_DISK_SCRIPT}\n`,
      },
      { path: "/opt/tollgate/start.sh", permissions: "0755", content: start },
      {
        path: "/opt/tollgate/env",
        permissions: "0600",
        content: Object.entries({ ...env, TOLLGATE_SECRETS: "/run/tollgate/secrets" })
          .map(([name, value]) => `${name}=${value}\n`)
          .join(""),
      },
      {
        path: "/etc/docker/daemon.json",
        permissions: "0644",
        content: `${JSON.stringify({ "data-root": `${DATA}/docker`, "log-driver": "local" })}\n`,
      },
      { path: "/etc/systemd/system/tollgate.service", permissions: "0644", content: unit },
    ],
    runcmd: [
      "systemctl daemon-reload",
      "systemctl restart docker",
      "systemctl enable tollgate.service",
      "systemctl restart tollgate.service",
      START_UPDATES,
    ],
  };
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}
