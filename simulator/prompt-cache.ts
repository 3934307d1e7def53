import { createHash } from "node:crypto";
import { partTokens, type PromptPart } from "./tokens";

/** What a prompt found in the provider's cache and left there, in tokens. */
export interface CacheUse {
  cachedTokens: number;
  cacheWriteTokens: number;
  cacheWriteHourTokens: number;
}

const NOTHING: CacheUse = { cachedTokens: 0, cacheWriteTokens: 0, cacheWriteHourTokens: 0 };

const TTL_MS = { "5m": 5 * 60_000, "1h": 60 * 60_000 } as const;

/** How many parts before a breakpoint Anthropic looks for an entry. */
const LOOKBACK = 20;

interface Prefix {
  key: string;
  tokens: number;
}

/** The provider's cache of prompt prefixes, by content: what a prompt begins with, and until when it is kept. */
export class PromptCache {
  private readonly entries = new Map<string, { until: number; ttl: number }>();

  constructor(private readonly now: () => number = Date.now) {}

  /**
   * Anthropic's cache: reads the longest entry at or up to 20 parts before a breakpoint, and writes up to each breakpoint
   * after it. A prefix below the model's shortest is neither read nor written.
   */
  explicit(model: string, parts: PromptPart[], shortest: number, tokensPerByte: number): CacheUse {
    const prefixes = prefixesOf(model, parts, tokensPerByte);
    const breakpoints = parts.flatMap(({ cache }, at) =>
      cache && prefixes[at]!.tokens >= shortest ? [{ at, ttl: TTL_MS[cache], hour: cache === "1h" }] : [],
    );
    if (breakpoints.length === 0) return NOTHING;
    let read = -1;
    for (const { at } of [...breakpoints].reverse()) {
      for (let look = at; look >= Math.max(0, at - LOOKBACK) && read < 0; look--) {
        if (this.refresh(prefixes[look]!.key)) read = look;
      }
      if (read >= 0) break;
    }
    const use = { ...NOTHING, cachedTokens: read < 0 ? 0 : prefixes[read]!.tokens };
    let from = use.cachedTokens;
    for (const { at, ttl, hour } of breakpoints) {
      const { key, tokens } = prefixes[at]!;
      if (at > read) {
        use.cacheWriteTokens += tokens - from;
        if (hour) use.cacheWriteHourTokens += tokens - from;
        from = tokens;
      }
      this.write(key, ttl);
    }
    return use;
  }

  /** Google's implicit cache: the longest beginning, in whole parts, that an earlier prompt had. Writing costs nothing. */
  implicit(model: string, parts: PromptPart[], shortest: number, tokensPerByte: number): CacheUse {
    const prefixes = prefixesOf(model, parts, tokensPerByte);
    // The last part is what is asked now: it is never served from the cache.
    const found = prefixes
      .slice(0, -1)
      .findLast(({ key, tokens }) => tokens >= shortest && this.refresh(key));
    for (const { key } of prefixes) this.write(key, TTL_MS["5m"]);
    return { ...NOTHING, cachedTokens: found?.tokens ?? 0 };
  }

  private refresh(key: string): boolean {
    const entry = this.entries.get(key);
    if (!entry || entry.until < this.now()) return false;
    entry.until = this.now() + entry.ttl;
    return true;
  }

  private write(key: string, ttl: number): void {
    if (this.entries.size > 50_000) this.entries.clear();
    this.entries.set(key, { until: this.now() + ttl, ttl });
  }
}

function prefixesOf(model: string, parts: PromptPart[], tokensPerByte: number): Prefix[] {
  const hash = createHash("sha256").update(model);
  let tokens = 0;
  return parts.map((part) => {
    hash.update(JSON.stringify([part.text, part.message ?? false, part.files ?? []]));
    tokens += partTokens(part, tokensPerByte);
    return { key: hash.copy().digest("base64"), tokens };
  });
}
