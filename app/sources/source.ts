import type { NanoDollars } from "../../litellm-config";
import type { Day, Period } from "../dates";

/** What spend can be split by. */
export const SPEND_DIMENSIONS = ["day", "service", "project", "sku"] as const;
export type SpendDimension = (typeof SPEND_DIMENSIONS)[number];

export interface SpendQuery {
  period: Period;
  groupBy: readonly [SpendDimension, ...SpendDimension[]];
  /** Exact names; absent means all. */
  service?: string;
  project?: string;
}

/** Net cost (after credits) of one group; only the dimensions asked for are set. */
export interface SpendRow {
  day?: Day;
  service?: string;
  project?: string;
  sku?: string;
  /** Billionths of the currency's unit. */
  costNanos: NanoDollars;
}

export interface Spend {
  /** ISO 4217. */
  currency: string;
  rows: SpendRow[];
}

/** A cloud bill. */
export interface BillingSource {
  /** Spend in a period by the given dimensions, in no particular order. */
  spend(query: SpendQuery): Promise<Spend>;
}

export const RECOMMENDATION_KINDS = [
  "idle_vm",
  "oversized_vm",
  "unattached_disk",
  "unused_ip",
  "idle_database",
  "oversized_database",
  "unused_image",
  "unattended_project",
] as const;
export type RecommendationKind = (typeof RECOMMENDATION_KINDS)[number];

export interface Recommendation {
  id: string;
  kind: RecommendationKind;
  /** Full resource name, as "//compute.googleapis.com/projects/p/zones/z/instances/i". */
  resource: string;
  location: string;
  description: string;
  currency: string;
  monthlySavingNanos: NanoDollars;
  /** P1 (most important) to P4, as Google ranks it. */
  priority: string;
}

/** What Google recommends to save money. */
export interface RecommendationSource {
  /** Active recommendations of these kinds. */
  recommendations(kinds: readonly RecommendationKind[]): Promise<Recommendation[]>;
}

export interface AssetQuery {
  /** Asset types, as "compute.googleapis.com/Disk"; empty means all. */
  types: readonly string[];
  /** A zone, region or "global". */
  location?: string;
  /** Words of the name, labels or state. */
  text?: string;
  limit: number;
}

export interface Asset {
  /** Full resource name. */
  name: string;
  type: string;
  displayName: string;
  location: string;
  state: string;
  created: Day | null;
  labels: Record<string, string>;
}

/** What there is in the customer's project. */
export interface AssetSource {
  /** At most `limit` assets; `more` when there are others. */
  assets(query: AssetQuery): Promise<{ assets: Asset[]; more: boolean }>;
}

/** All that the tools read of one customer's cloud. An implementation is bound to the customer's own project. */
export type Sources = BillingSource & RecommendationSource & AssetSource;

/** Gives the sources of a customer's project; null is a customer who has connected none. */
export type SourceFactory = (gcpProject: string | null) => Sources;
