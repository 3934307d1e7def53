import type { Day, Period } from "../dates";
import type { Nanos } from "../money";

/** What spend can be split by. */
export const SPEND_DIMENSIONS = ["day", "service", "project", "sku"] as const;
export type SpendDimension = (typeof SPEND_DIMENSIONS)[number];

/** What spend can be narrowed to: by the exact name that a row of an answer has, `NO_NAME` too. */
export const SPEND_FILTERS = ["service", "project", "sku"] as const;
export type SpendFilter = Partial<Record<(typeof SPEND_FILTERS)[number], string>>;

/** The name of what the bill has no name for: support and tax belong to no project. */
export const NO_NAME = "(none)";

/** What a line of the bill is for. Only usage says what was used; the rest is added to an invoice. */
export const LINE_KINDS = ["usage", "tax", "adjustment", "rounding"] as const;
export type LineKind = (typeof LINE_KINDS)[number];

export interface SpendQuery {
  /** Lines of what was used on these days, or lines on the invoices of these months ("2026-10"), both included. */
  of: { days: Period } | { invoices: { first: string; last: string } };
  /** Empty for one sum. */
  groupBy: readonly SpendDimension[];
  filter?: SpendFilter;
  /** Only what usage cost before credits: what looking for unusual days needs, in far fewer rows. */
  usageOnly?: boolean;
}

/** One part of a group's cost; only the dimensions asked for are set. A group has a row for each part that it has. */
export interface SpendRow extends Partial<Record<SpendDimension, string>> {
  /** ISO 4217. Amounts of two currencies are never added up. */
  currency: string;
  kind: LineKind;
  /** Null: the cost before credits. Else a type of credit, such as "PROMOTION", whose amount is negative. */
  credit: string | null;
  nanos: Nanos;
}

/** How far the billing data reach. */
export interface Extent {
  /** When the first usage in it began; null when it reaches further back than anyone asks, or is empty. */
  firstUsage: Date | null;
  /** When Google last added to it; null when it is empty. */
  newestExport: Date | null;
  /** Units of each currency in it for one US dollar. */
  unitsPerDollar: ReadonlyMap<string, number>;
}

/** A cloud bill. */
export interface BillingSource {
  /** The parts of the cost, in no particular order. */
  spend(query: SpendQuery): Promise<SpendRow[]>;
  extent(): Promise<Extent>;
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
  /** Full resource name, such as "//compute.googleapis.com/projects/p/zones/z/instances/i". */
  resource: string;
  location: string;
  description: string;
  /** ISO 4217; the billing account's where Google reports it. */
  currency: string;
  /** Over 30 days. */
  monthlySaving: Nanos;
  /** P1 (most important) to P4, as Google ranks it. */
  priority: string;
  /** Recommendations with the same text are alternatives: only one of them can be followed. Null when there is none. */
  xorGroup: string | null;
}

export interface Recommendations {
  found: Recommendation[];
  /** What could not be queried, such as "idle_vm in us-central1-a". */
  missing: string[];
}

/** What Google recommends to save money. */
export interface RecommendationSource {
  /** Active recommendations of these kinds that save money. */
  recommendations(kinds: readonly RecommendationKind[]): Promise<Recommendations>;
}

export interface AssetQuery {
  /** Asset types, such as "compute.googleapis.com/Disk"; empty means all. */
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
