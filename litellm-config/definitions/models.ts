import { perMillion } from "../money";
import type { ModelInput } from "../schema";

/**
 * The models that calls may reach, and their list prices in nano-dollars a token.
 *
 * Source: `model_prices_and_context_window_backup.json` of litellm 1.106.2, read 2026-11-24. `cacheWrite` is the dearest
 * write (Anthropic's one-hour cache); Vertex AI's implicit cache has no write price. `maxPromptTokens` keeps Gemini Pro
 * below 200,000 tokens, where its price doubles.
 */
export const models: Record<string, ModelInput> = {
  "claude-opus-5-5": {
    provider: "anthropic",
    price: {
      input: perMillion("4"),
      output: perMillion("20"),
      cacheRead: perMillion("0.2"),
      cacheWrite: perMillion("8"),
    },
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
  },
  "claude-sonnet-5-5": {
    provider: "anthropic",
    price: {
      input: perMillion("2"),
      output: perMillion("10"),
      cacheRead: perMillion("0.1"),
      cacheWrite: perMillion("4"),
    },
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
  },
  "claude-haiku-4-5": {
    provider: "anthropic",
    price: {
      input: perMillion("1"),
      output: perMillion("5"),
      cacheRead: perMillion("0.1"),
      cacheWrite: perMillion("2"),
    },
    maxPromptTokens: 200_000,
    maxOutputTokens: 64_000,
  },
  "claude-haiku-5-5": {
    provider: "anthropic",
    price: {
      input: perMillion("0.1"),
      output: perMillion("0.5"),
      cacheRead: perMillion("0.01"),
      cacheWrite: perMillion("0.2"),
    },
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
  },
  "gemini-3.1-pro-preview": {
    provider: "vertex",
    price: {
      input: perMillion("2"),
      output: perMillion("12"),
      cacheRead: perMillion("0.2"),
      cacheWrite: perMillion("2"),
    },
    maxPromptTokens: 200_000,
    maxOutputTokens: 65_536,
  },
  "gemini-3.8-flash": {
    provider: "vertex",
    price: {
      input: perMillion("0.75"),
      output: perMillion("3.75"),
      cacheRead: perMillion("0.075"),
      cacheWrite: perMillion("0.75"),
    },
    maxPromptTokens: 1_048_576,
    maxOutputTokens: 65_536,
  },
  "gemini-3.5-flash-lite": {
    provider: "vertex",
    price: {
      input: perMillion("0.3"),
      output: perMillion("2.5"),
      cacheRead: perMillion("0.03"),
      cacheWrite: perMillion("0.3"),
    },
    maxPromptTokens: 1_048_576,
    maxOutputTokens: 65_535,
  },
};
