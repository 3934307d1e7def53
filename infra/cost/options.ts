import { catalogue, type Service } from "../../catalogue";
import { usd, type NanoDollars } from "../../litellm-config/money";
import { estimateOf, type Amount, type CostLine, type Estimate } from "./estimate";
import type { PriceList } from "./price-list";
import { combine, fixed, times, type Range } from "./range";
import { HOURS, usage } from "./usage";

/** A way to run the whole stack, and what the design expects of it. */
export interface DeploymentOption {
  name: "gce-vm" | "cloud-run" | "gke-autopilot";
  title: string;
  total: Amount;
  /** The design's estimate, nano-dollars a month. */
  design: { low: NanoDollars; high: NanoDollars };
  lines: CostLine[];
}

const DESIGN = {
  "gce-vm": { title: "One VM (e2-standard-4, Compose)", low: usd("95"), high: usd("120") },
  "cloud-run": { title: "Cloud Run", low: usd("60"), high: usd("150") },
  "gke-autopilot": { title: "GKE Autopilot", low: usd("150"), high: usd("250") },
} as const;

/** The single machine's name in the program. */
const MACHINE = "machine";

/** The three options for one environment: two from the program's plans, the third from the catalogue, because no target builds it. */
export function deploymentOptions(
  estimates: { vm: Estimate; cloudRun: Estimate },
  prices: PriceList,
): DeploymentOption[] {
  return [
    option("gce-vm", estimates.vm),
    option("cloud-run", estimates.cloudRun),
    option("gke-autopilot", gkeEstimate(estimates.vm, prices)),
  ];
}

function option(name: DeploymentOption["name"], { total, lines }: Estimate): DeploymentOption {
  const { title, low, high } = DESIGN[name];
  return { name, title, total, design: { low, high }, lines };
}

/** Every service that one machine runs, as a pod with the same memory and backups, and what all options share. */
function gkeEstimate({ environment, lines }: Estimate, prices: PriceList): Estimate {
  const shared = lines.filter(({ layer, service }) => layer === "shared" && service !== MACHINE);
  const line = (
    service: Pick<Service, "layer"> & { name: string },
    what: string,
    price: string,
    units: number | Range,
  ): CostLine => ({
    resource: `pod ${service.name}`,
    service: service.name,
    layer: service.layer,
    what,
    price,
    unit: prices.get(price).unit,
    quantity: rangeOf(units),
    cost: combine([rangeOf(units)], (quantity) => prices.cost(price, quantity)),
  });
  const cluster = { name: "cluster", layer: "infrastructure" } as const;
  const pods = catalogue
    .filter(({ targets, enabledBy }) => !targets?.compose && !enabledBy)
    .flatMap((service) => {
      const { cpus, memory } = autopilotRequest(service);
      const disks = (service.volumes ?? []).reduce((gib, { diskGiB }) => gib + diskGiB, 0);
      return [
        line(service, `${cpus} vCPU`, "gke.vcpu", cpus * HOURS),
        line(service, `${memory} GiB`, "gke.memory", memory * HOURS),
        line(service, "1 GiB of node disk", "gke.storage", HOURS),
        ...(disks > 0
          ? [
              line(service, `${disks} GiB volume`, "compute.disk.pd-balanced", disks),
              line(service, "snapshots", "compute.snapshot", times(usage[environment].snapshotShare, disks)),
            ]
          : []),
      ];
    });
  return estimateOf(environment, [
    ...shared,
    ...pods,
    line(cluster, "management", "gke.cluster", HOURS),
    line(cluster, "load balancer", "lb.rule", HOURS),
  ]);
}

function rangeOf(units: number | Range): Range {
  return typeof units === "number" ? fixed(units) : units;
}

/**
 * What Autopilot bills for a pod: whole quarters of a vCPU, at least 0.5 GiB, and between 1 and 6.5 GiB for each vCPU
 * (https://cloud.google.com/kubernetes-engine/pricing).
 */
export function autopilotRequest({ cpu, memoryMiB }: Pick<Service, "cpu" | "memoryMiB">) {
  const wanted = memoryMiB / 1024;
  const cpus = Math.ceil(Math.max(cpu, wanted / 6.5) * 4) / 4;
  return { cpus, memory: Math.max(0.5, wanted, cpus) };
}
