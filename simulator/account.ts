import type { Usage } from "./answer";
import type { NanoDollars } from "./prices";

export type WireName = "openai" | "anthropic" | "vertex";

/** One request as the simulator saw it; the prompt and the key are not kept. */
export interface RequestRecord {
  id: string;
  wire: WireName;
  endpoint: "generate" | "count";
  model: string;
  markers: string[];
  stream: boolean;
  n: number;
  maxTokens: number | null;
  /** Names of the request's own fields, in their order. */
  parameters: string[];
  /** Bytes of its body. */
  bytes: number;
  /** What became of the call; `refused` is billed nothing. */
  outcome: "success" | "cut" | "hung" | "unreadable" | "refused";
  /** The HTTP status that was answered. */
  status: number;
  /** Why the simulator itself refused the request; null for a simulated error. */
  refusal: string | null;
  /** The client went away before the answer's end. */
  clientLeft: boolean;
  usage: Usage;
  costNanos: NanoDollars;
}

export const NO_USAGE: Usage = {
  promptTokens: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  cacheWriteHourTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
};

export interface Totals {
  calls: number;
  promptTokens: number;
  completionTokens: number;
  costNanos: NanoDollars;
}

const RECORDS_KEPT = 20_000;

/** The provider's side of the bill, kept apart from every other count so that the ledger can be held against it. */
export class Account {
  private models = new Map<string, Totals>();
  private markers = new Map<string, Totals>();
  private kept: RequestRecord[] = [];

  add(record: RequestRecord): void {
    this.kept.push(record);
    if (this.kept.length > RECORDS_KEPT) this.kept.shift();
    if (record.outcome === "refused" || record.endpoint === "count") return;
    addTo(this.models, record.model, record);
    for (const marker of record.markers) addTo(this.markers, marker, record);
  }

  /** Totals of every model, or of the requests with a marker. */
  totals(marker?: string): { totalNanos: NanoDollars; calls: number; models?: Record<string, Totals> } {
    if (marker !== undefined) {
      const { calls, costNanos } = this.markers.get(marker) ?? { calls: 0, costNanos: 0 };
      return { totalNanos: costNanos, calls };
    }
    const models = [...this.models.values()];
    return {
      totalNanos: models.reduce((sum, { costNanos }) => sum + costNanos, 0),
      calls: models.reduce((sum, { calls }) => sum + calls, 0),
      models: Object.fromEntries(this.models),
    };
  }

  requests(endpoint: "generate" | "count", marker?: string): RequestRecord[] {
    return this.kept.filter(
      (record) => record.endpoint === endpoint && (marker === undefined || record.markers.includes(marker)),
    );
  }

  reset(): void {
    this.models.clear();
    this.markers.clear();
    this.kept = [];
  }
}

function addTo(totals: Map<string, Totals>, key: string, { usage, costNanos }: RequestRecord): void {
  const entry = totals.get(key) ?? { calls: 0, promptTokens: 0, completionTokens: 0, costNanos: 0 };
  entry.calls += 1;
  entry.promptTokens += usage.promptTokens;
  entry.completionTokens += usage.completionTokens;
  entry.costNanos += costNanos;
  totals.set(key, entry);
}
