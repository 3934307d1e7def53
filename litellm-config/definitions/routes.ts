import type { RouteInput } from "../schema";

/**
 * What a query of some complexity goes to. The variants of a route share its traffic by weight, which compares models on
 * the same kind of query; a fallback is at another provider, so that one provider's outage ends no conversation. Gemini Pro is a preview, which Google may withdraw
 * at short notice: a generally available model comes after it.
 */
export const routes: Record<string, RouteInput> = {
  simple: {
    queryTypes: ["simple_lookup"],
    variants: [{ model: "gemini-3.8-flash", weight: 1 }],
    fallbacks: ["claude-haiku-4-5"],
    defaultMaxTokens: 1_024,
  },
  analysis: {
    queryTypes: ["cost_analysis"],
    variants: [{ model: "claude-sonnet-5-5", weight: 1 }],
    fallbacks: ["gemini-3.1-pro-preview", "gemini-3.8-flash"],
    defaultMaxTokens: 2_048,
  },
  deep: {
    queryTypes: ["recommendation", "action"],
    variants: [
      { model: "claude-opus-5-5", weight: 1 },
      { model: "claude-sonnet-5-5", weight: 1 },
    ],
    fallbacks: ["gemini-3.1-pro-preview", "gemini-3.8-flash"],
    defaultMaxTokens: 4_096,
  },
  /** Where the calls of a customer go who has used 95 % of the month's budget. */
  economy: {
    queryTypes: [],
    variants: [{ model: "gemini-3.5-flash-lite", weight: 1 }],
    fallbacks: ["claude-haiku-5-5"],
    defaultMaxTokens: 1_024,
  },
};
