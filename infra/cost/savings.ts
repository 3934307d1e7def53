import { findService } from "../../catalogue";
import type { NanoDollars } from "../../litellm-config/money";
import { totalOf, type CostLine, type Estimate } from "./estimate";
import type { PriceList } from "./price-list";
import { HOURS } from "./usage";

/** A way to pay less, and what it takes. */
export interface Saving {
  what: string;
  /** What it costs or requires, as a sentence. */
  takes: string;
  /** Nano-dollars a month, in the expected case. */
  saves: NanoDollars;
}

export interface Alternatives {
  estimate: Estimate;
  /** The same environment on one machine. */
  vm: Estimate;
  /** The same environment at rollout phase 1. */
  phase1: Estimate;
  /** The same stack with office hours, where it may have them. */
  office: Estimate | null;
  prices: PriceList;
}

/** Google's flexible commitments for instance-based Cloud Run: https://cloud.google.com/run/cud */
const COMMITMENT_PERCENT = { "one year": 28, "three years": 46 };

/**
 * What a commitment for a year takes off, percent, by the prices that it is for: Cloud Run's instances, Cloud SQL's vCPU and
 * memory (https://cloud.google.com/sql/cud), Memorystore (https://cloud.google.com/memorystore/docs/redis/cuds), and
 * E2 machines by flexible commitments (https://cloud.google.com/compute/docs/instances/committed-use-discounts-overview).
 */
const YEAR: [RegExp, number][] = [
  [/^run\.(cpu|memory)\.instance$/, COMMITMENT_PERCENT["one year"]],
  [/^sql\.(vcpu|memory)$/, 25],
  [/^redis\./, 20],
  [/^compute\.e2\./, 28],
];

/** What commitments for a year would save of these lines, nano-dollars a month in the expected case. */
export function yearSavings(lines: CostLine[]): NanoDollars {
  return YEAR.reduce(
    (saved, [prices, percent]) =>
      saved + Math.round((expected(lines.filter(({ price }) => prices.test(price))) * percent) / 100),
    0,
  );
}

/**
 * What would lower the cost of a stack on Cloud Run, each by itself: savings do not add up. Empty where nothing runs on Cloud
 * Run. Largest first.
 */
export function savings({ estimate: now, vm, phase1, office, prices }: Alternatives): Saving[] {
  const always = now.lines.filter(({ price }) => /^run\..+\.instance$/.test(price));
  if (always.length === 0) return [];
  const spent = expected(always);
  const watchers = now.lines.filter(({ price, service }) => price.startsWith("run.") && onlyWatches(service));
  const names = [...new Set(watchers.map(({ service }) => service))].sort();
  const samples = now.lines.filter(({ price }) => price === "monitoring.samples");
  const found: Saving[] = [
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
      takes: `${names.join(", ")} in Compose on a machine with disks; history need not go to Google`,
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
    {
      what: "Commit to one year of everything that is always there",
      takes: "Buy commitments for Cloud Run, Cloud SQL, Memorystore and ClickHouse's machine",
      saves: yearSavings(now.lines),
    },
    ...(office
      ? [
          {
            what: "Sleep outside office hours",
            takes: "Set tollgate:officeHours: what is always on stops at night and at weekends",
            saves: now.total.expected - office.total.expected,
          },
        ]
      : []),
  ];
  return found.filter(({ saves }) => saves > 0).sort((a, b) => b.saves - a.saves);
}

/** Whether a service only collects or watches: it needs no Cloud Run, only to be always there. */
function onlyWatches(name: string): boolean {
  const { layer, singleton } = findService(name) ?? {};
  return layer === "infrastructure" && singleton === true;
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
