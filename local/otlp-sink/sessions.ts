import type { Span } from "./decode";
import { toObservation, type Observation } from "./observation";

export interface Trace {
  traceId: string;
  name: string;
  startedAt: string;
  userId?: string;
  tags: string[];
  /** Dollars of its generations. */
  cost: number;
  observations: (Observation & { depth: number })[];
}

export interface Session {
  sessionId: string;
  cost: number;
  traces: Trace[];
}

/** Sessions with their traces and each trace's observations as a tree, newest first. */
export function sessionsOf(spans: Span[]): Session[] {
  const bySession = groupBy(tracesOf(spans), ({ sessionId }) => sessionId);
  return [...bySession].map(([sessionId, entries]) => {
    const traces = entries.map(({ trace }) => trace);
    return { sessionId, cost: total(traces), traces };
  });
}

function tracesOf(spans: Span[]): { sessionId: string; trace: Trace }[] {
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
        userId: first(({ userId }) => userId),
        tags: [...new Set(observations.flatMap(({ tags }) => tags))],
        cost: total(observations),
        observations: ordered,
      };
      return { sessionId: first(({ sessionId }) => sessionId) ?? "no session", trace };
    })
    .sort((a, b) => b.trace.startedAt.localeCompare(a.trace.startedAt));
}

/** Parents before their children, siblings by time. A span whose parent is elsewhere stands at the top. */
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
