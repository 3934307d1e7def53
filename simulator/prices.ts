import type { Usage } from "./answer";

/** An integer. */
export type NanoDollars = number;

/**
 * What the providers charge, kept apart from the project's own definitions so that a wrong definition shows as a difference
 * between the ledger and the simulator's bill.
 *
 * Sources, read 2026-11-27 as LiteLLM 1.106.2 ships them (`model_prices_and_context_window_backup.json`), which cites
 * https://platform.claude.com/docs/en/about-claude/pricing and
 * https://cloud.google.com/gemini-enterprise-agent-platform/generative-ai/pricing. Anthropic's documented multipliers of the
 * input price: five-minute cache writes 1.25, one-hour writes 2.
 */
export interface PublicModel {
  provider: "anthropic" | "google";
  /** Nano-dollars a token; the second row holds for the whole call when its prompt is longer than the threshold. */
  price: TokenPrices;
  longPrompt?: TokenPrices & { above: number };
  /** Nano-dollars for a web search that the provider makes by itself. */
  webSearch: NanoDollars;
  /** Tokens. */
  maxPromptTokens: number;
  maxOutputTokens: number;
  /** The shortest prompt prefix that is cached, in tokens. */
  minCacheTokens: number;
  /** What the provider refuses for this model, by the price list's `supports_*` flags. */
  samplingParameters: boolean;
  prefill: boolean;
  forcedToolUse: boolean;
  /**
   * "always": it thinks, and cannot be told not to; "adaptive": it thinks unless it is told not to; "budget": it thinks only
   * when it is asked to (https://platform.claude.com/docs/en/models/haiku-5-5/whats-new-haiku-5-5). Google's always think.
   */
  thinking: "always" | "adaptive" | "budget";
  /** Numbers of a vector, where it makes embeddings of texts. */
  dimensions?: number;
}

export interface TokenPrices {
  input: NanoDollars;
  output: NanoDollars;
  cacheRead: NanoDollars;
}

/** Nano-dollars a token from dollars a million tokens. */
const perMillion = (input: number, output: number, cacheRead: number): TokenPrices => ({
  input: Math.round(input * 1_000),
  output: Math.round(output * 1_000),
  cacheRead: Math.round(cacheRead * 1_000),
});

const CLAUDE_5 = {
  provider: "anthropic",
  webSearch: 10_000_000,
  maxPromptTokens: 1_000_000,
  maxOutputTokens: 128_000,
  minCacheTokens: 512,
  samplingParameters: false,
  prefill: false,
  forcedToolUse: false,
  thinking: "always",
} as const satisfies Partial<PublicModel>;

const GEMINI_3 = {
  provider: "google",
  webSearch: 14_000_000,
  maxPromptTokens: 1_048_576,
  maxOutputTokens: 65_536,
  minCacheTokens: 4_096,
  samplingParameters: true,
  prefill: false,
  forcedToolUse: true,
  thinking: "budget",
} as const satisfies Partial<PublicModel>;

export const PUBLIC_MODELS: Record<string, PublicModel> = {
  "claude-opus-5-5": { ...CLAUDE_5, price: perMillion(4, 20, 0.2) },
  "claude-sonnet-5-5": { ...CLAUDE_5, price: perMillion(2, 10, 0.1) },
  "claude-haiku-5-5": {
    ...CLAUDE_5,
    price: perMillion(0.1, 0.5, 0.01),
    longPrompt: { above: 100_000, ...perMillion(0.5, 2.5, 0.05) },
    forcedToolUse: true,
    thinking: "adaptive",
  },
  "claude-haiku-4-5": {
    ...CLAUDE_5,
    price: perMillion(1, 5, 0.1),
    maxPromptTokens: 200_000,
    maxOutputTokens: 64_000,
    minCacheTokens: 4_096,
    samplingParameters: true,
    prefill: true,
    forcedToolUse: true,
    thinking: "budget",
  },
  "gemini-3.1-pro-preview": {
    ...GEMINI_3,
    price: perMillion(2, 12, 0.2),
    longPrompt: { above: 200_000, ...perMillion(4, 18, 0.4) },
  },
  "gemini-3.8-flash": { ...GEMINI_3, price: perMillion(0.75, 3.75, 0.075) },
  "gemini-3.5-flash-lite": { ...GEMINI_3, price: perMillion(0.3, 2.5, 0.03), maxOutputTokens: 65_535 },
  "gemini-embedding-001": {
    ...GEMINI_3,
    price: perMillion(0.15, 0, 0.15),
    maxPromptTokens: 2_048,
    maxOutputTokens: 0,
    dimensions: 3_072,
  },
};

/** What raises the price of a whole call. */
export interface Surcharges {
  webSearches: number;
  /** 1 unless the request asks for a faster tier or a region. */
  factor: number;
}

const WRITE_5M = 1.25;
const WRITE_1H = 2;

/** Nano-dollars that the provider bills for a call. */
export function bill(model: string, usage: Usage, { webSearches, factor }: Surcharges): NanoDollars {
  const known = PUBLIC_MODELS[model];
  if (!known) throw new RangeError(`"${model}" has no price in simulator/prices.ts`);
  const { promptTokens, cachedTokens, cacheWriteTokens, cacheWriteHourTokens, completionTokens } = usage;
  const long = known.longPrompt && promptTokens > known.longPrompt.above ? known.longPrompt : undefined;
  const { input, output, cacheRead } = long ?? known.price;
  // Google charges nothing for writing its implicit cache beyond the input itself.
  const [write5m, write1h] = known.provider === "anthropic" ? [WRITE_5M, WRITE_1H] : [1, 1];
  const tokens =
    (promptTokens - cachedTokens - cacheWriteTokens) * input +
    cachedTokens * cacheRead +
    (cacheWriteTokens - cacheWriteHourTokens) * input * write5m +
    cacheWriteHourTokens * input * write1h +
    completionTokens * output;
  return Math.ceil(tokens * factor - 1e-6) + webSearches * known.webSearch;
}
