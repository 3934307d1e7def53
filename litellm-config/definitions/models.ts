import { perMillion } from "../money";
import type { ModelInput, Price } from "../schema";

/** A price list of Anthropic's: a five-minute cache write costs 1.25 times input, a one-hour write twice. */
const anthropic = (input: string, output: string, cacheRead: string): Price => ({
  input: perMillion(input),
  output: perMillion(output),
  cacheRead: perMillion(cacheRead),
  cacheWrite5m: (perMillion(input) * 5) / 4,
  cacheWrite1h: perMillion(input) * 2,
});

/** A price list of Vertex AI's: what its implicit cache writes costs the same as other input (cloud.google.com, "Context caching"). */
const vertex = (input: string, output: string, cacheRead: string): Price => ({
  input: perMillion(input),
  output: perMillion(output),
  cacheRead: perMillion(cacheRead),
  cacheWrite5m: perMillion(input),
  cacheWrite1h: perMillion(input),
});

/** An embedding model's price: for input only, and nothing is cached. */
const embedding = (input: string): Price => vertex(input, "0", input);

/**
 * Images at Claude have a token for each 28 x 28 pixels, or, by older pages, for each 750: 27 x 27 is below both. Those models
 * that read up to 2,576 pixels on a side make at most 4,784 of one, older ones 1,600
 * (https://platform.claude.com/docs/en/build-with-claude/vision).
 */
const claudeImages = (most: number) => ({ most, tile: 27 });

/** An image at Gemini 3 has 1,120 tokens at most (https://ai.google.dev/gemini-api/docs/media-resolution). */
const GEMINI_3_IMAGES = { most: 1_120 };

/**
 * The models that calls may reach, and their list prices in dollars per million tokens.
 *
 * Source: `model_prices_and_context_window_backup.json` of the installed LiteLLM. A test compares them, and
 * `npm run models:refresh` prints what differs.
 */
export const models: Record<string, ModelInput> = {
  "claude-opus-5-5": {
    provider: "anthropic",
    price: anthropic("4", "20", "0.2"),
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
    images: claudeImages(4_784),
    documents: true,
    promptCache: "5m",
  },
  "claude-sonnet-5-5": {
    provider: "anthropic",
    price: anthropic("2", "10", "0.1"),
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
    images: claudeImages(4_784),
    documents: true,
    promptCache: "5m",
  },
  "claude-haiku-4-5": {
    provider: "anthropic",
    price: anthropic("1", "5", "0.1"),
    maxPromptTokens: 200_000,
    maxOutputTokens: 64_000,
    images: claudeImages(1_600),
    documents: true,
    promptCache: "5m",
  },
  "claude-haiku-5-5": {
    provider: "anthropic",
    price: anthropic("0.1", "0.5", "0.01"),
    longPrompts: [{ above: 100_000, ...anthropic("0.5", "2.5", "0.05") }],
    maxPromptTokens: 1_000_000,
    maxOutputTokens: 128_000,
    images: claudeImages(4_784),
    documents: true,
    promptCache: "5m",
  },
  "gemini-3.1-pro-preview": {
    provider: "vertex",
    price: vertex("2", "12", "0.2"),
    longPrompts: [{ above: 200_000, ...vertex("4", "18", "0.4") }],
    maxPromptTokens: 1_048_576,
    maxOutputTokens: 65_536,
    images: GEMINI_3_IMAGES,
    documents: true,
    preview: true,
    reasons: {
      "cacheWrite5m above 200000":
        "Vertex AI's implicit cache has no write price; the list's figure is below the price of plain input",
    },
  },
  "gemini-3.8-flash": {
    provider: "vertex",
    price: vertex("0.75", "3.75", "0.075"),
    regionalUpliftPercent: 10,
    maxPromptTokens: 1_048_576,
    maxOutputTokens: 65_536,
    images: GEMINI_3_IMAGES,
    documents: true,
  },
  "gemini-3.5-flash-lite": {
    provider: "vertex",
    price: vertex("0.3", "2.5", "0.03"),
    regionalUpliftPercent: 10,
    maxPromptTokens: 1_048_576,
    maxOutputTokens: 65_536,
    images: GEMINI_3_IMAGES,
    documents: true,
    deprecationDate: "2027-07-21",
  },
  /**
   * One text a request, of at most 2,048 tokens
   * (https://docs.cloud.google.com/vertex-ai/generative-ai/docs/embeddings/get-text-embeddings).
   */
  "gemini-embedding-001": {
    provider: "vertex",
    price: embedding("0.15"),
    maxPromptTokens: 2_048,
    maxOutputTokens: 0,
    embedding: { dimensions: 3_072 },
    deprecationDate: "2028-05-20",
  },
};
