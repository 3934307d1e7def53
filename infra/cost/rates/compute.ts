import { fixed, times } from "../range";
import { HOURS } from "../usage";
import { UnpricedError, type BilledResource, type Item, type Rate } from "./rate";

/** Billed vCPUs and GiB: the shared-core machines show two vCPUs and pay for a part of them. */
const E2: Record<string, { cpus: number; memory: number }> = {
  "e2-micro": { cpus: 0.25, memory: 1 },
  "e2-small": { cpus: 0.5, memory: 2 },
  "e2-medium": { cpus: 1, memory: 4 },
  "e2-standard-2": { cpus: 2, memory: 8 },
  "e2-standard-4": { cpus: 4, memory: 16 },
  "e2-standard-8": { cpus: 8, memory: 32 },
};

const DISKS = ["pd-balanced", "pd-ssd", "pd-standard"];

/** A machine and its boot disk; its data disk is a resource of its own. */
export const instance: Rate = (resource) => {
  const { machineType, bootDisk, networkInterfaces = [] } = resource.inputs;
  const machine = E2[machineType];
  if (!machine) {
    throw new UnpricedError(resource, "machineType", machineType, "Add it to infra/cost/rates/compute.ts");
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
