import { z } from "zod";

const count = z.int().nonnegative();
const milliseconds = z.int().nonnegative();

/** What a test can make the provider do, to requests for a model or with a marker in their prompt. */
export const behaviour = z.strictObject({
  /** Which requests; both must fit when both are given. */
  match: z
    .strictObject({ model: z.string().optional(), marker: z.string().optional() })
    .refine(({ model, marker }) => model !== undefined || marker !== undefined, "name a model or a marker"),
  /** How many requests it holds for; without it, all until it is removed. */
  times: z.int().positive().optional(),
  /** Before the first byte of the answer. */
  latencyMs: milliseconds.optional(),
  /** Before each chunk of a stream. */
  chunkDelayMs: milliseconds.optional(),
  /** Refuse with this status; nothing is billed. */
  status: z.int().min(400).max(599).optional(),
  /** Close the connection: before any byte, or after so many chunks of a stream. */
  cutAfterChunks: count.optional(),
  /** Send an error in the stream after so many chunks. */
  errorAfterChunks: count.optional(),
  /** Never answer, or never go on after so many chunks of a stream. Billed in full: the answer was made. */
  hangAfterChunks: count.optional(),
  /** Answer with `outputTokens` even if the request allows fewer. */
  ignoreMaxTokens: z.boolean().optional(),
  omitUsage: z.boolean().optional(),
  outputTokens: count.optional(),
  /** Answer with this text. */
  content: z.string().optional(),
  /** Tokens of the prompt that were read from, or written to, the provider's own cache. */
  cachedTokens: count.optional(),
  cacheWriteTokens: count.optional(),
  /** Count a token for each byte of the prompt. */
  dense: z.boolean().optional(),
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
  take(model: string, markers: string[]): Partial<Behaviour> {
    const found = this.list.find(
      ({ match }) =>
        (match.model === undefined || match.model === model) &&
        (match.marker === undefined || markers.includes(match.marker)),
    );
    if (!found) return {};
    if (found.times !== undefined && --found.times === 0) this.list.splice(this.list.indexOf(found), 1);
    return found;
  }
}

/** Names written as `[[name]]` in a prompt, by which a test finds its own requests again. */
export function markersIn(texts: string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/\[\[([A-Za-z0-9_.:-]{1,128})\]\]/g)]);
  return [...new Set(found.map(([, name]) => name ?? ""))];
}
