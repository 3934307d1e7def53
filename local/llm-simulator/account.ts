import type { Definitions } from "../../litellm-config";
import type { NanoDollars } from "../../litellm-config";

/** What a provider bills for one call. Cached and written tokens are among the prompt's. */
export interface Usage {
  promptTokens: number;
  cachedTokens: number;
  cacheWriteTokens: number;
  completionTokens: number;
}

/** Services that a provider bills besides the tokens. */
export interface Extras {
  webSearch: boolean;
  priority: boolean;
}

/** A web search of the provider's own, and how much dearer its priority tier is: the usual list prices. */
const WEB_SEARCH: NanoDollars = 10_000_000;
const PRIORITY_FACTOR = 2;

/** One request as the simulator saw it; the prompt and the key are not kept. */
export interface RequestRecord {
  id: string;
  model: string;
  markers: string[];
  stream: boolean;
  n: number;
  maxTokens: number | null;
  /** Names of the request's own fields, in their order. */
  parameters: string[];
  /** The HTTP status that was answered, or what became of the call. */
  outcome: "success" | "cut" | "hung" | "refused";
  status: number;
  /** The client went away before the answer's end. */
  clientLeft: boolean;
  usage: Usage;
  costNanos: NanoDollars;
}

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

  constructor(private readonly prices: Definitions["models"]) {}

  /** Nano-dollars of a call by the definitions' prices. */
  cost(model: string, usage: Usage, extras: Extras): NanoDollars {
    const price = this.prices[model]?.price;
    if (!price) throw new RangeError(`"${model}" has no price in litellm-config/definitions/models.ts`);
    const { promptTokens, cachedTokens, cacheWriteTokens, completionTokens } = usage;
    const tokens =
      (promptTokens - cachedTokens - cacheWriteTokens) * price.input +
      cachedTokens * price.cacheRead +
      cacheWriteTokens * price.cacheWrite5m +
      completionTokens * price.output;
    return tokens * (extras.priority ? PRIORITY_FACTOR : 1) + (extras.webSearch ? WEB_SEARCH : 0);
  }

  add(record: RequestRecord): void {
    this.kept.push(record);
    if (this.kept.length > RECORDS_KEPT) this.kept.shift();
    if (record.outcome === "refused") return;
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

  requests(marker?: string): RequestRecord[] {
    return this.kept.filter(({ markers }) => marker === undefined || markers.includes(marker));
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
