import type { Coverage } from "../billing/coverage";
import { addDays, daysOf, type Day, type Period } from "../dates";
import { groupBy } from "../group-by";
import { sum, type Nanos } from "../money";
import type { SpendRow } from "../sources/source";

/** Days before a day that its usual cost is taken from, and how many of them the bill must have. */
export const BASELINE_DAYS = 14;
const LEAST_BASELINE_DAYS = 7;
/** A day is unusual when it costs this much over the usual, in percent, ... */
const OVER_PERCENT = 50n;
/** ... and at least this many US dollars, in the account's currency: half again of next to nothing is nothing. */
const OVER_AT_LEAST_DOLLARS = 10;

/** Consecutive days on which a service cost far more than usual. */
export interface Anomaly extends Period {
  service: string;
  currency: string;
  cost: Nanos;
  expected: Nanos;
  /** What rose most on these days. */
  cause: { sku: string; project: string; excess: Nanos };
}

/**
 * Finds unusual days of each service. A day is compared with the median of the 14 days before it, so that a spike does not
 * hide the next one, and a lasting new level is unusual only until it is the usual one.
 *
 * @param rows what usage cost before credits, by day, service, sku and project, from 14 days before the period to its end.
 * @param unitsPerDollar units of each currency for one US dollar.
 */
export function findAnomalies(
  rows: readonly SpendRow[],
  period: Period,
  coverage: Coverage,
  unitsPerDollar: ReadonlyMap<string, number>,
): Anomaly[] {
  const found: Anomaly[] = [];
  for (const ofService of groupBy(rows, (row) => JSON.stringify([row.service, row.currency])).values()) {
    const { service = "", currency } = ofService[0]!;
    const history = new History(ofService, coverage.firstDay);
    const least = BigInt(Math.round(OVER_AT_LEAST_DOLLARS * (unitsPerDollar.get(currency) ?? 1) * 1e9));
    let run: Day[] = [];
    for (const day of [...daysOf(period), addDays(period.to, 1)]) {
      if (day <= period.to && isUnusual(history, day, least)) run.push(day);
      else if (run.length > 0) {
        found.push({ service, currency, ...describe(ofService, history, coverage, run) });
        run = [];
      }
    }
  }
  const excess = (anomaly: Anomaly) => anomaly.cost - anomaly.expected;
  return found.sort((a, b) => Number(excess(b) - excess(a)));
}

/** The first day of a period that can be checked: enough days before it are in the bill. */
export function judgedFrom(period: Period, coverage: Coverage): Day {
  const first = coverage.firstDay && addDays(coverage.firstDay, LEAST_BASELINE_DAYS);
  return first !== null && first > period.from ? first : period.from;
}

/** What something cost each day. A day without a line cost nothing; a day before the bill's first is unknown. */
class History {
  private readonly costs = new Map<Day, Nanos>();

  constructor(
    rows: readonly SpendRow[],
    private readonly firstDay: Day | null,
  ) {
    for (const { day = "", nanos } of rows) this.costs.set(day, this.on(day) + nanos);
  }

  on(day: Day): Nanos {
    return this.costs.get(day) ?? 0n;
  }

  over(days: readonly Day[]): Nanos {
    return sum(days.map((day) => this.on(day)));
  }

  /** The median of the days before; undefined when too few of them are known. */
  usual(day: Day): Nanos | undefined {
    const days = Array.from({ length: BASELINE_DAYS }, (_, i) => addDays(day, -1 - i));
    const known = days.filter((before) => this.firstDay === null || before >= this.firstDay);
    if (known.length < LEAST_BASELINE_DAYS) return undefined;
    const costs = known.map((before) => this.on(before)).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
    return costs[Math.floor(costs.length / 2)];
  }
}

function isUnusual(history: History, day: Day, least: Nanos): boolean {
  const usual = history.usual(day);
  if (usual === undefined) return false;
  const over = history.on(day) - usual;
  return over >= least && over * 100n >= usual * OVER_PERCENT;
}

function describe(rows: readonly SpendRow[], history: History, coverage: Coverage, days: readonly Day[]) {
  const from = days[0]!;
  const length = BigInt(days.length);
  // The first day's usual cost is used for all days: a later day's would include the unusual ones before it.
  const causes = [...groupBy(rows, (row) => JSON.stringify([row.sku, row.project])).values()].map((of) => {
    const own = new History(of, coverage.firstDay);
    const { sku = "", project = "" } = of[0]!;
    return { sku, project, excess: own.over(days) - (own.usual(from) ?? 0n) * length };
  });
  return {
    from,
    to: days.at(-1)!,
    cost: history.over(days),
    expected: (history.usual(from) ?? 0n) * length,
    cause: causes.reduce((a, b) => (b.excess > a.excess ? b : a)),
  };
}
