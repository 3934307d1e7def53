import type { Behaviour } from "./behaviour";

/** Keys under which the wires report usage. */
const USAGE = /^(usage|usageMetadata|statistics)$/;
/** What of it is about the answer. */
const ANSWER = /output|completion|candidates|thoughts|total/i;

/** A message of a wire with its usage reported as a behaviour says. */
export function distort(message: object, { usage, omitUsage }: Partial<Behaviour>): object {
  const kind = omitUsage ? "omitted" : usage;
  if (kind === undefined || kind === "shrinking") return message;
  return eachUsage(message, reports[kind]);
}

const numbers = (change: (tokens: number) => unknown) => (usage: object) => eachNumber(usage, change);

/** What becomes of a usage object; `undefined` takes it out. */
const reports = {
  omitted: () => undefined,
  null: () => null,
  partial: (usage: object) => Object.fromEntries(Object.entries(usage).filter(([key]) => !ANSWER.test(key))),
  null_fields: numbers(() => null),
  text: numbers(String),
  float: numbers((tokens) => tokens + 0.5),
  negative: numbers((tokens) => -tokens),
  zero: numbers(() => 0),
};

/** The same message with half of the usage: a report that takes back what was reported before. */
export function halved(message: object): object {
  return eachUsage(message, (report) => eachNumber(report, (tokens) => Math.floor(tokens / 2)));
}

function eachUsage(value: object, change: (usage: object) => unknown): object {
  if (Array.isArray(value)) return value.map((each) => eachUsage(each as object, change));
  const entries = Object.entries(value as Record<string, unknown>).flatMap(([key, at]) => {
    if (at === null || typeof at !== "object") return [[key, at] as const];
    if (!USAGE.test(key)) return [[key, eachUsage(at, change)] as const];
    const changed = change(at);
    return changed === undefined ? [] : [[key, changed] as const];
  });
  return Object.fromEntries(entries);
}

function eachNumber(value: unknown, change: (tokens: number) => unknown): unknown {
  if (typeof value === "number") return change(value);
  if (Array.isArray(value)) return value.map((each) => eachNumber(each, change));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, at]) => [key, eachNumber(at, change)]));
}
