import * as fc from "fast-check";
import type { Behaviour } from "../../simulator";

/** One way in which a call can go, by name. */
export interface Ending {
  name: string;
  behaviour: Omit<Behaviour, "match">;
  /** The provider reports what it bills, or documents that it bills nothing: the charge must be within 5 % of the bill. */
  exact: boolean;
}

type Make = fc.Arbitrary<Omit<Behaviour, "match">>;

const some = fc.integer({ min: 1, max: 12 });
const length = fc.integer({ min: 1, max: 400 });
const answer = { outputTokens: length };
const record = (fields: Record<string, fc.Arbitrary<unknown>>): Make =>
  fc.record({ ...answer, ...fields }) as Make;
const always = (behaviour: Omit<Behaviour, "match">): Make => record(constants(behaviour));

function constants(behaviour: object): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(Object.entries(behaviour).map(([key, value]) => [key, fc.constant(value)]));
}

/** Every ending of the simulator but `ignoreMaxTokens`, with which no cap can hold. */
const makes: Record<string, Make> = {
  whole: always({}),
  "whole, many tokens": record({ outputTokens: fc.integer({ min: 500, max: 4_000 }) }),
  "a token a byte": always({ dense: true }),
  "a token a byte, normalised": always({ dense: true, normalises: true }),
  "cache read": record({ cachedTokens: fc.integer({ min: 1, max: 40 }) }),
  "cache written": record({ cacheWriteTokens: fc.integer({ min: 1, max: 40 }) }),
  "cache written for an hour": record({ cacheWriteHourTokens: fc.integer({ min: 1, max: 40 }) }),
  "hidden reasoning": record({ reasoningTokens: fc.integer({ min: 1, max: 600 }) }),
  "hidden reasoning, broken": record({
    reasoningTokens: fc.integer({ min: 1, max: 600 }),
    cutAfterChunks: some,
  }),
  "hidden reasoning, no usage": record({
    reasoningTokens: fc.integer({ min: 1, max: 600 }),
    usage: fc.constant("omitted"),
  }),
  "refused 4xx": record({ status: fc.constantFrom(400, 401, 403, 404, 413) }),
  "refused 429": record({ status: fc.constant(429), retryAfter: fc.integer({ min: 0, max: 1 }) }),
  "refused 5xx": record({ status: fc.constantFrom(500, 503, 504, 529) }),
  "refused once": record({ status: fc.constantFrom(429, 500, 503, 529), times: fc.constant(1) }),
  "cut JSON": always({ body: "cut_json" }),
  "an error with 200": always({ body: "error" }),
  "empty body": always({ body: "empty" }),
  HTML: always({ body: "html" }),
  "connection closed at once": always({ cutAfterChunks: 0 }),
  "connection closed in between": record({ cutAfterChunks: some }),
  "error event first": record({ errorAfterChunks: fc.constant(0), afterOpening: fc.boolean() }),
  "error event in between": record({ errorAfterChunks: some }),
  "never answers": always({ hangAfterChunks: 0 }),
  "stops coming": record({ hangAfterChunks: some }),
  "no finish reason": always({ omitFinish: true }),
  "usage omitted": always({ usage: "omitted" }),
  "usage null": record({ usage: fc.constantFrom("null", "null_fields") }),
  "usage of another type": record({ usage: fc.constantFrom("text", "float") }),
  "usage negative": always({ usage: "negative" }),
  "usage zero": always({ usage: "zero" }),
  "usage partial": always({ usage: "partial" }),
  "usage shrinking": always({ usage: "shrinking" }),
  "model refuses": record({ finish: fc.constantFrom("refusal", "pause") }),
  "prompt blocked": always({ finish: "blocked" }),
  "usual answer, unusual transport": record({
    transport: fc.constantFrom(
      "informational",
      "trailers",
      "close_delimited",
      "byte_order_mark",
      "headers_twice",
    ),
  }),
  "another 2xx status": record({ successStatus: fc.constantFrom(201, 202, 203, 206) }),
  "a 2xx status without a body": record({ successStatus: fc.constantFrom(204, 205) }),
  "a byte at a time": record({
    outputTokens: fc.integer({ min: 1, max: 8 }),
    dripMs: fc.constant(1),
  }),
  "a wrong length": record({ transport: fc.constantFrom("length_beyond", "length_below") }),
  "closed after its head": always({ transport: "head_only" }),
  "keep-alives for ever": always({ forever: "keep_alives" }),
  "text for ever": always({ forever: "text" }),
  slow: record({
    latencyMs: fc.integer({ min: 100, max: 900 }),
    chunkDelayMs: fc.integer({ min: 1, max: 30 }),
  }),
};

const EXACT = new Set([
  "whole",
  "whole, many tokens",
  "a token a byte",
  "a token a byte, normalised",
  "cache read",
  "cache written",
  "cache written for an hour",
  "hidden reasoning",
  "refused 4xx",
  "refused 429",
  "refused 5xx",
  "refused once",
  "usage shrinking",
  "model refuses",
  "prompt blocked",
  "usual answer, unusual transport",
  "another 2xx status",
  "a byte at a time",
  "slow",
]);

const named = (name: string): fc.Arbitrary<Ending> =>
  makes[name]!.map((behaviour) => ({ name, behaviour, exact: EXACT.has(name) }));

/** A random ending, each as likely as the others. */
export const ending: fc.Arbitrary<Ending> = fc.constantFrom(...Object.keys(makes)).chain(named);

/** Every ending once, its numbers drawn by the seed. */
export function everyEnding(seed: number): Ending[] {
  return Object.keys(makes).flatMap((name) => fc.sample(named(name), { seed, numRuns: 1 }));
}
