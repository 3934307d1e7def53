import type * as pulumi from "@pulumi/pulumi";
import type { Disk } from "@pulumi/gcp/compute/disk";
import type { InstanceArgs } from "@pulumi/gcp/compute/instance";
import type { LabelMap } from "../labels";

export interface PrivateInstanceArgs {
  zone: string;
  machineType: pulumi.Input<string>;
  labels: LabelMap;
  deletionProtection: boolean;
  subnetworkId: pulumi.Input<string>;
  /** Its address in the network. Default: any. */
  networkIp?: pulumi.Input<string>;
  serviceAccount: pulumi.Input<string>;
  boot: { image: string; GiB: number };
  data: { disk: Disk; deviceName: string };
  /** Its cloud-config. */
  userData: pulumi.Input<string>;
  /** Further metadata. */
  metadata?: Record<string, string>;
  tags?: string[];
}

/** A machine without an external address: a verified boot, a data disk, and no SSH keys of the project. */
export function privateInstance(args: PrivateInstanceArgs): InstanceArgs {
  const { zone, machineType, labels, deletionProtection, subnetworkId, networkIp, boot, data, tags } = args;
  return {
    zone,
    machineType,
    labels,
    deletionProtection,
    allowStoppingForUpdate: true,
    bootDisk: {
      initializeParams: { image: boot.image, size: boot.GiB, type: "pd-balanced", labels },
    },
    attachedDisks: [{ source: data.disk.selfLink, deviceName: data.deviceName, mode: "READ_WRITE" }],
    ...(tags ? { tags } : {}),
    // No `accessConfigs`: no external address.
    networkInterfaces: [{ subnetwork: subnetworkId, ...(networkIp ? { networkIp } : {}) }],
    serviceAccount: { email: args.serviceAccount, scopes: ["cloud-platform"] },
    shieldedInstanceConfig: { enableSecureBoot: true, enableVtpm: true, enableIntegrityMonitoring: true },
    metadata: { "user-data": args.userData, "block-project-ssh-keys": "true", ...args.metadata },
  };
}
