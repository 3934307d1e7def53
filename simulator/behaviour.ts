import { z } from "zod";
import { TRANSPORTS } from "./transport";

const count = z.int().nonnegative();
const milliseconds = z.int().nonnegative();

/** What a test can make the provider do, to requests for a model or with a marker in their prompt. */
export const behaviour = z.strictObject({
  /** Which requests; all that is given must fit. Counting endpoints are matched only when named. */
  match: z
    .strictObject({
      model: z.string().optional(),
      marker: z.string().optional(),
      endpoint: z.enum(["generate", "count"]).default("generate"),
    })
    .refine(({ model, marker }) => model !== undefined || marker !== undefined, "name a model or a marker"),
  /** How many requests it holds for; without it, all until it is removed. */
  times: z.int().positive().optional(),
  /** Before the first byte of the answer. */
  latencyMs: milliseconds.optional(),
  /** Before each chunk of a stream. */
  chunkDelayMs: milliseconds.optional(),
  /** Answer with this status in place of 200, and bill the answer. */
  successStatus: z.int().min(201).max(299).optional(),
  /** Send the answer whole, in an unusual way; `length_below` cuts it, and `head_only` leaves it out. */
  transport: z.enum(TRANSPORTS).optional(),
  /** Milliseconds before each byte. */
  dripMs: milliseconds.optional(),
  /**
   * Never end: after its pieces, a stream sends comments or its last piece again; a plain answer sends blanks before itself, or
   * goes on in its text. Billed in full, and of what goes on the limit of the request.
   */
  forever: z.enum(["keep_alives", "text"]).optional(),
  /** Refuse with this status; nothing is billed. */
  status: z.int().min(400).max(599).optional(),
  /** The `retry-after` header of that refusal: seconds or an HTTP date. */
  retryAfter: z.union([z.int().nonnegative(), z.string()]).optional(),
  /** Answer 200 with a body that cannot be read as the answer. Billed in full: the answer was made. */
  body: z.enum(["cut_json", "error", "empty", "html"]).optional(),
  /** Close the connection: before any byte, or after so many chunks of a stream. */
  cutAfterChunks: count.optional(),
  /** Send an error in the stream after so many chunks. */
  errorAfterChunks: count.optional(),
  /** With 0 chunks: the stream opens first (Anthropic's `message_start`, which reports the prompt), then breaks. */
  afterOpening: z.boolean().optional(),
  /** Never answer, or never go on after so many chunks of a stream. Billed in full: the answer was made. */
  hangAfterChunks: count.optional(),
  /** End the stream without its finish reason (Anthropic: without `message_delta`). */
  omitFinish: z.boolean().optional(),
  /** End the answer for this reason. */
  finish: z.enum(["stop", "length", "refusal", "pause", "blocked", "malformed_tool_call"]).optional(),
  /** Answer with `outputTokens` even if the request allows fewer. */
  ignoreMaxTokens: z.boolean().optional(),
  /** What the answer reports as its usage; the bill is always the true one. */
  usage: z
    .enum(["omitted", "null", "null_fields", "text", "float", "negative", "zero", "partial", "shrinking"])
    .optional(),
  /** The same as `usage: "omitted"`. */
  omitUsage: z.boolean().optional(),
  outputTokens: count.optional(),
  /** Reasoning before the answer, billed as output, where the model may reason; shown only where the request asks for it. */
  reasoningTokens: count.optional(),
  /** The reasoning is shown encrypted (Anthropic's `redacted_thinking`). */
  redactedThinking: z.boolean().optional(),
  /** Answer with this text. */
  content: z.string().optional(),
  /** Tokens of the prompt that were read from, or written to, the provider's own cache; of those written, for an hour. */
  cachedTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  cacheWriteHourTokens: count.optional(),
  /** Count a token for each byte of the prompt: no tokenizer makes more. */
  dense: z.boolean().optional(),
  /** Count so many tokens for each byte of the prompt. */
  tokensPerByte: z.number().positive().max(1).optional(),
  /** Normalise the prompt before it is counted (NFKC), which makes 33 bytes of some characters. */
  normalises: z.boolean().optional(),
});

export type Behaviour = z.output<typeof behaviour>;

/** The behaviours in force. The newest that fits a request is the one it gets. */
export class Behaviours {
  private list: Behaviour[] = [];

  add(next: Behaviour): void {
    this.list.unshift({ ...next });
  }

  clear(): void {
    this.list = [];
  }

  /** The behaviour of a request, used up once. */
  take(endpoint: "generate" | "count", model: string, markers: string[]): Partial<Behaviour> {
    const found = this.find(endpoint, model, markers);
    if (!found) return {};
    if (found.times !== undefined && --found.times === 0) this.list.splice(this.list.indexOf(found), 1);
    return found;
  }

  /** The behaviour that a request would get, left as it is. */
  find(endpoint: "generate" | "count", model: string, markers: string[]): Behaviour | undefined {
    return this.list.find(
      ({ match }) =>
        match.endpoint === endpoint &&
        (match.model === undefined || match.model === model) &&
        (match.marker === undefined || markers.includes(match.marker)),
    );
  }
}

/** Names written as `[[name]]` in a prompt, by which a test finds its own requests again. */
export function markersIn(texts: string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/\[\[([A-Za-z0-9_.:-]{1,128})\]\]/g)]);
  return [...new Set(found.map(([, name]) => name ?? ""))];
}
