import type { Attribute, Span } from "./decode";
import { toObservation, type Observation } from "./observation";
import type { Score } from "./score";

export interface Trace {
  traceId: string;
  name: string;
  startedAt: string;
  /** From its first observation's start to its last one's end. */
  milliseconds: number;
  /** Of its root, as the customer wrote and read them. */
  question?: string;
  answer?: string;
  userId?: string;
  tags: string[];
  /** Dollars of its generations. */
  cost: number;
  /** Of the trace and its observations. */
  scores: Score[];
  observations: (Observation & { depth: number })[];
}

export interface Session {
  sessionId: string;
  cost: number;
  /** Of the session as a whole. */
  scores: Score[];
  traces: Trace[];
}

/** Sessions with their traces and each trace's observations as a tree, newest first. */
export function sessionsOf(spans: Span[], scores: Score[] = []): Session[] {
  const bySession = groupBy(tracesOf(spans, scores), ({ sessionId }) => sessionId);
  return [...bySession].map(([sessionId, entries]) => {
    const traces = entries.map(({ trace }) => trace);
    const own = scores.filter((score) => !score.traceId && score.sessionId === sessionId);
    return { sessionId, cost: total(traces), scores: own, traces };
  });
}

function tracesOf(spans: Span[], scores: Score[]): { sessionId: string; trace: Trace }[] {
  const byTrace = groupBy(spans.map(toObservation), ({ traceId }) => traceId);
  return [...byTrace]
    .map(([traceId, observations]) => {
      const ordered = asTree(observations);
      const first = <T>(pick: (observation: Observation) => T | undefined) =>
        ordered.map(pick).find((value) => value !== undefined);
      const trace: Trace = {
        traceId,
        name: first(({ traceName }) => traceName) ?? ordered[0]?.name ?? traceId,
        startedAt: observations.map(({ startedAt }) => startedAt).sort()[0] ?? "",
        milliseconds: millisecondsOf(observations),
        question: textOf(ordered[0]?.input),
        answer: textOf(ordered[0]?.output),
        userId: first(({ userId }) => userId),
        tags: [...new Set(observations.flatMap(({ tags }) => tags))],
        cost: total(observations),
        scores: scores.filter((score) => score.traceId === traceId),
        observations: ordered,
      };
      return { sessionId: first(({ sessionId }) => sessionId) ?? "no session", trace };
    })
    .sort((a, b) => b.trace.startedAt.localeCompare(a.trace.startedAt));
}

/** Sums over traces; tokens and calls are those of generations. */
export function figuresOf(traces: Trace[]) {
  const observations = traces.flatMap((trace) => trace.observations);
  const generations = observations.filter(({ type }) => type === "generation");
  const sum = (values: (number | undefined)[]) => values.reduce<number>((all, each) => all + (each ?? 0), 0);
  return {
    calls: generations.length,
    tokensIn: sum(generations.map(({ promptTokens }) => promptTokens)),
    tokensOut: sum(generations.map(({ completionTokens }) => completionTokens)),
    milliseconds: sum(traces.map(({ milliseconds }) => milliseconds)),
  };
}

function millisecondsOf(observations: Observation[]): number {
  const starts = observations.map(({ startedAt }) => Date.parse(startedAt));
  const ends = observations.map(({ startedAt, duration }) => Date.parse(startedAt) + duration);
  return Math.max(...ends) - Math.min(...starts);
}

function textOf(value: Attribute | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** Parents before their children, siblings by time. A span whose parent is unknown is at the top. */
function asTree(observations: Observation[]): Trace["observations"] {
  const known = new Set(observations.map(({ spanId }) => spanId));
  const parentOf = ({ parentSpanId, spanId }: Observation) =>
    parentSpanId !== undefined && parentSpanId !== spanId && known.has(parentSpanId) ? parentSpanId : "";
  const children = groupBy(
    [...observations].sort((a, b) => a.startedAt.localeCompare(b.startedAt)),
    parentOf,
  );
  const under = (parent: string, depth: number): Trace["observations"] =>
    (children.get(parent) ?? []).flatMap((each) => [{ ...each, depth }, ...under(each.spanId, depth + 1)]);
  return under("", 0);
}

function groupBy<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
  return groups;
}

function total(items: { cost?: number }[]): number {
  return items.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
}
