import { usd, type NanoDollars } from "../../litellm-config";
import { addDays, daysOf, type Day, type Period } from "../dates";
import type { SpendRow } from "../sources/source";

/** Days before a day that its usual cost is taken from. */
export const BASELINE_DAYS = 14;
/** A day is unusual when it costs this much over the usual, in percent, ... */
const OVER_PERCENT = 50;
/** ... and at least this much in the bill's currency: half again of next to nothing is nothing. */
const OVER_AT_LEAST = usd("10");

/** Consecutive days on which a service cost far more than usual. */
export interface Anomaly extends Period {
  service: string;
  costNanos: NanoDollars;
  expectedNanos: NanoDollars;
  /** What rose most on these days. */
  cause: { sku: string; project: string; excessNanos: NanoDollars };
}

/**
 * Finds unusual days a service. A day is compared with the median of the 14 days before it, so that a spike does not hide
 * the next one, and a lasting new level is unusual only until it is the usual one.
 *
 * @param rows spend by day, service, sku and project, from 14 days before the period to its end.
 */
export function findAnomalies(rows: readonly SpendRow[], period: Period): Anomaly[] {
  const found: Anomaly[] = [];
  for (const [service, ofService] of groupBy(rows, (row) => row.service ?? "")) {
    const costs = dailyCosts(ofService);
    let run: Day[] = [];
    for (const day of [...daysOf(period), addDays(period.to, 1)]) {
      if (day <= period.to && isUnusual(costs, day)) run.push(day);
      else if (run.length > 0) {
        found.push(describe(service, ofService, costs, run));
        run = [];
      }
    }
  }
  const excess = (anomaly: Anomaly) => anomaly.costNanos - anomaly.expectedNanos;
  return found.sort((a, b) => excess(b) - excess(a));
}

function isUnusual(costs: Map<Day, NanoDollars>, day: Day): boolean {
  const over = (costs.get(day) ?? 0) - usual(costs, day);
  return over >= OVER_AT_LEAST && over * 100 >= usual(costs, day) * OVER_PERCENT;
}

/** The median of the days before. */
function usual(costs: Map<Day, NanoDollars>, day: Day): NanoDollars {
  const before = Array.from({ length: BASELINE_DAYS }, (_, i) => costs.get(addDays(day, -1 - i)) ?? 0);
  return before.sort((a, b) => a - b)[BASELINE_DAYS / 2]!;
}

function describe(service: string, rows: SpendRow[], costs: Map<Day, NanoDollars>, days: Day[]): Anomaly {
  const from = days[0]!;
  const sum = (of: Map<Day, NanoDollars>) => days.reduce((total, day) => total + (of.get(day) ?? 0), 0);
  // The usual of the first day stands for all: the later days' own already counts the unusual ones before them.
  const causes = [...groupBy(rows, (row) => JSON.stringify([row.sku, row.project]))].map(([, of]) => {
    const own = dailyCosts(of);
    const { sku = "", project = "" } = of[0]!;
    return { sku, project, excessNanos: sum(own) - usual(own, from) * days.length };
  });
  const cause = causes.reduce((a, b) => (b.excessNanos > a.excessNanos ? b : a));
  return {
    service,
    from,
    to: days.at(-1)!,
    costNanos: sum(costs),
    expectedNanos: usual(costs, from) * days.length,
    cause,
  };
}

function dailyCosts(rows: readonly SpendRow[]): Map<Day, NanoDollars> {
  const costs = new Map<Day, NanoDollars>();
  for (const { day = "", costNanos } of rows) costs.set(day, (costs.get(day) ?? 0) + costNanos);
  return costs;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
