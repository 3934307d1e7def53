import { MACHINES } from "../../gcp/sizes";
import { fixed, times } from "../range";
import { HOURS } from "../usage";
import { UnpricedError, type BilledResource, type Item, type Rate } from "./rate";

const DISKS = ["pd-balanced", "pd-ssd", "pd-standard"];

/** A machine and its boot disk; its data disk is a separate resource. */
export const instance: Rate = (resource) => {
  const { machineType, bootDisk, networkInterfaces = [] } = resource.inputs;
  const machine = MACHINES[machineType];
  if (!machine) {
    throw new UnpricedError(resource, "machineType", machineType, "Add it to infra/gcp/sizes.ts");
  }
  const { type = "pd-standard", size = 10 } = bootDisk?.initializeParams ?? {};
  // The engine shows an empty list where the program says nothing.
  const external = networkInterfaces.filter(
    ({ accessConfigs = [] }: { accessConfigs?: unknown[] }) => accessConfigs.length > 0,
  );
  return [
    { what: `CPU of ${machineType}`, price: "compute.e2.core", quantity: fixed(machine.cpus * HOURS) },
    { what: `memory of ${machineType}`, price: "compute.e2.memory", quantity: fixed(machine.memory * HOURS) },
    diskItem(`boot disk, ${size} GiB`, type, size, resource),
    ...external.map(() => ({ what: "external address", price: "address.external", quantity: fixed(HOURS) })),
  ];
};

export const disk: Rate = (resource) => {
  const { type = "pd-standard", size } = resource.inputs;
  return [diskItem(`${size} GiB ${type}`, type, size, resource)];
};

/** The snapshots of a disk under a schedule. They hold changes only. */
export const snapshots: Rate = ({ inputs }, usage) => [
  { what: "snapshots", price: "compute.snapshot", quantity: times(usage.snapshotShare, inputs.size) },
];

/** Addresses inside the network cost nothing. */
export const address: Rate = ({ inputs }) =>
  inputs.addressType === "INTERNAL"
    ? []
    : [{ what: "external address", price: "address.external", quantity: fixed(HOURS) }];

export const nat: Rate = (_, usage) => [
  { what: "gateway", price: "nat.gateway", quantity: times(usage.natMachines, HOURS) },
  { what: "traffic", price: "nat.data", quantity: usage.natGiB },
];

/** A network's flow logs, where it keeps any. */
export const subnetwork: Rate = ({ inputs }, usage) =>
  inputs.logConfig ? [{ what: "flow logs", price: "logging.network", quantity: usage.networkLogGiB }] : [];

function diskItem(what: string, type: string, gib: unknown, resource: BilledResource): Item {
  if (!DISKS.includes(type)) {
    throw new UnpricedError(resource, "disk type", type, `Use one of ${DISKS.join(", ")}`);
  }
  if (typeof gib !== "number") {
    throw new UnpricedError(resource, "disk size", gib, "Give the disk a size in GiB");
  }
  return { what, price: `compute.disk.${type}`, quantity: fixed(gib) };
}
