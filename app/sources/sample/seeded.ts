import { usd } from "../../../litellm-config";
import type { NanoDollars } from "../../../litellm-config";
import { addDays, mondayOf, type Day } from "../../dates";
import type { RecommendationKind } from "../source";

/** What is hidden in the sample data for an answer to find. The generators read it from here, and so do the tests. */

/** The sample company: an online shop with three projects. */
export const PROJECTS = {
  production: "shop-prod",
  staging: "shop-staging",
  data: "shop-data",
} as const;

export interface PlantedWaste {
  kind: RecommendationKind;
  asset: { type: string; name: string; state: string; labels: Record<string, string> };
  project: string;
  location: string;
  description: string;
  monthlySavingNanos: NanoDollars;
  priority: string;
}

/** Idle resources that cost money, one of each kind. */
export const WASTE: readonly PlantedWaste[] = [
  {
    kind: "oversized_database",
    asset: {
      type: "sqladmin.googleapis.com/Instance",
      name: "projects/shop-prod/instances/orders-db",
      state: "RUNNABLE",
      labels: { team: "checkout" },
    },
    project: PROJECTS.production,
    location: "us-central1",
    description:
      "orders-db (8 vCPU, 32 GB) used at most 11 % of its CPU in 30 days: 2 vCPU and 8 GB are enough.",
    monthlySavingNanos: usd("261.34"),
    priority: "P2",
  },
  {
    kind: "idle_vm",
    asset: {
      type: "compute.googleapis.com/Instance",
      name: "projects/shop-staging/zones/us-central1-a/instances/build-runner-2",
      state: "RUNNING",
      labels: { team: "platform" },
    },
    project: PROJECTS.staging,
    location: "us-central1-a",
    description: "build-runner-2 (e2-standard-8) was below 1 % CPU for 14 days: stop or delete it.",
    monthlySavingNanos: usd("195.64"),
    priority: "P2",
  },
  {
    kind: "oversized_vm",
    asset: {
      type: "compute.googleapis.com/Instance",
      name: "projects/shop-prod/zones/us-central1-b/instances/search-1",
      state: "RUNNING",
      labels: { team: "search" },
    },
    project: PROJECTS.production,
    location: "us-central1-b",
    description: "search-1 (n2-standard-16) used at most 18 % of its CPU: n2-standard-8 is enough.",
    monthlySavingNanos: usd("141.78"),
    priority: "P3",
  },
  {
    kind: "unattached_disk",
    asset: {
      type: "compute.googleapis.com/Disk",
      name: "projects/shop-staging/zones/us-central1-a/disks/old-import-data",
      state: "READY",
      labels: { team: "data" },
    },
    project: PROJECTS.staging,
    location: "us-central1-a",
    description:
      "old-import-data (500 GB SSD) has been attached to nothing for 94 days: snapshot and delete it.",
    monthlySavingNanos: usd("85.00"),
    priority: "P2",
  },
  {
    kind: "unused_ip",
    asset: {
      type: "compute.googleapis.com/Address",
      name: "projects/shop-prod/regions/us-central1/addresses/legacy-lb-ip",
      state: "RESERVED",
      labels: {},
    },
    project: PROJECTS.production,
    location: "us-central1",
    description: "legacy-lb-ip is reserved and used by nothing: release it.",
    monthlySavingNanos: usd("7.30"),
    priority: "P4",
  },
];

/** The one cost spike: a scheduled full-table query, Tuesday to Thursday of last week. */
export const SPIKE = {
  service: "BigQuery",
  sku: "Analysis (us-central1)",
  project: PROJECTS.data,
  extraPerDayNanos: usd("171.00"),
} as const;

/** The days of the spike, as seen from `today`. */
export function spikeDays(today: Day): Day[] {
  const lastMonday = addDays(mondayOf(today), -7);
  return [1, 2, 3].map((offset) => addDays(lastMonday, offset));
}
