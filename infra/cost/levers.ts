import type { NanoDollars } from "../../litellm-config/money";
import { estimate, totalOf, type CostLine, type Estimate } from "./estimate";
import type { PriceList } from "./price-list";
import type { BilledResource } from "./rates";
import { HOURS } from "./usage";

/** A way to pay less, and what it takes. */
export interface Lever {
  what: string;
  /** What is given up or done for it, as a sentence. */
  takes: string;
  /** Nano-dollars a month, in the expected case. */
  saves: NanoDollars;
}

export interface Alternatives {
  resources: BilledResource[];
  estimate: Estimate;
  /** The same environment on one machine. */
  vm: Estimate;
  /** The same environment at rollout phase 1. */
  phase1: Estimate;
  prices: PriceList;
}

/** Google's flexible commitments for instance-based Cloud Run: https://cloud.google.com/run/cud */
const COMMITMENT_PERCENT = { "one year": 28, "three years": 46 };

/** Ten hours on five of seven days. */
const OFFICE_HOURS = { open: 50, week: 168 };

/** Services that only collect or watch: they need no Cloud Run, only to be always there. */
const WATCHERS = ["alertmanager", "alloy", "cloud-metrics", "ledger-exporter", "loki", "prometheus"];

const RUN = "gcp:cloudrunv2/service:Service";

/**
 * What would lower the cost of a stack on Cloud Run, each by itself: savings do not add up. Empty where nothing runs on Cloud
 * Run. Largest first.
 */
export function levers({ resources, estimate: now, vm, phase1, prices }: Alternatives): Lever[] {
  const always = now.lines.filter(({ price }) => /^run\..+\.instance$/.test(price));
  if (always.length === 0) return [];
  const spent = expected(always);
  const watchers = now.lines.filter(
    ({ price, service }) => price.startsWith("run.") && WATCHERS.includes(service),
  );
  const samples = now.lines.filter(({ price }) => price === "monitoring.samples");
  const found: Lever[] = [
    {
      what: "Everything on one machine",
      takes: "Set tollgate:deployment to gce-vm: one zone, databases in containers, restarts are outages",
      saves: now.total.expected - vm.total.expected,
    },
    {
      what: "Phase 1 only",
      takes: "Set tollgate:phase to 1: gateway and Langfuse without metrics, logs in Loki and alerts",
      saves: now.total.expected - phase1.total.expected,
    },
    {
      what: "The watching services on one e2-medium",
      takes: `${WATCHERS.join(", ")} in Compose on a machine with disks; history need not go to Google`,
      saves: expected(watchers) + expected(samples) - mediumMachine(prices),
    },
    ...Object.entries(COMMITMENT_PERCENT).map(([term, percent]) => ({
      what: `Commit to ${term} of Cloud Run`,
      takes: `Buy a flexible commitment (${percent} % off CPU and memory that is always on)`,
      saves: Math.round((spent * percent) / 100),
    })),
    {
      what: "Stop the collector sidecars",
      takes: "Metrics of the services that scale go missing or become samples of a random instance",
      saves: expected(now.lines.filter(({ what }) => what.endsWith(" of collector"))),
    },
    now.environment === "dev"
      ? {
          what: "Sleep outside office hours",
          takes: "Scale what is always on to zero at night and at weekends by a schedule",
          saves: Math.round((spent * (OFFICE_HOURS.week - OFFICE_HOURS.open)) / OFFICE_HOURS.week),
        }
      : {
          what: "CPU on requests where a service scales",
          takes: "Traces and metrics wait for the next request; the first request after a pause is slower",
          saves: now.total.expected - estimate(onRequests(resources), { prices }).total.expected,
        },
  ];
  return found.filter(({ saves }) => saves > 0).sort((a, b) => b.saves - a.saves);
}

function expected(lines: CostLine[]): NanoDollars {
  return totalOf(lines).expected;
}

/** An e2-medium (1 billed vCPU, 4 GiB) with 30 GiB of disk. */
function mediumMachine(prices: PriceList): NanoDollars {
  return (
    prices.cost("compute.e2.core", HOURS) +
    prices.cost("compute.e2.memory", 4 * HOURS) +
    prices.cost("compute.disk.pd-balanced", 30)
  );
}

/** The same resources, with CPU on requests only for each service that may have more than one instance. */
function onRequests(resources: BilledResource[]): BilledResource[] {
  return resources.map((resource) => {
    const { template } = resource.inputs;
    if (resource.type !== RUN || template.scaling.maxInstanceCount === template.scaling.minInstanceCount) {
      return resource;
    }
    const containers = template.containers.map((each: { resources: object }) => ({
      ...each,
      resources: { ...each.resources, cpuIdle: true },
    }));
    return { ...resource, inputs: { ...resource.inputs, template: { ...template, containers } } };
  });
}
