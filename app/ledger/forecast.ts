import type { NanoDollars } from "../../litellm-config";

/** What a day cost; days as "2026-11-24", by UTC's calendar. */
export interface DaySpend {
  day: string;
  nanos: NanoDollars;
}

/** What a budget month is expected to cost, in nano-dollars. */
export interface Forecast {
  expectedNanos: NanoDollars;
  /** Four months of five end between these, should the days to come be like those before. */
  lowNanos: NanoDollars;
  highNanos: NanoDollars;
  /** The day on which the expected spend reaches the budget, such as "2026-11-24"; null: not in this month. */
  runsOutOn: string | null;
  /** Whole days that it is based on. */
  basedOnDays: number;
}

export interface ForecastInput {
  /** Spend by day; a day without calls may be missing. Days before `firstDay` or of the future are ignored. */
  days: DaySpend[];
  /** The first day that counts, such as the customer's first; an earlier one in `days` comes before it. */
  firstDay?: string;
  now: Date;
  /** First moment after the budget month. */
  monthEnd: Date;
  spentNanos: NanoDollars;
  capNanos: NanoDollars;
}

/** Days that a forecast looks back: four of each weekday. */
export const FORECAST_DAYS = 28;
/** Fewer whole days than this say nothing of weekdays. */
const WEEKDAY_PATTERN_FROM = 14;
/** Fewer whole days than this make no forecast. */
const LEAST_DAYS = 3;
/** Standard deviations either side of the mean that hold 80 % of a normal distribution. */
const EIGHTY_PERCENT = 1.2816;
const MS_PER_DAY = 86_400_000;

/**
 * Forecasts a budget month: each day to come is expected to cost what the same weekday cost on average in the last four weeks
 * (the average of all days, with less than two weeks of history). The range comes from how far the past days were from those
 * averages, as if days were independent.
 *
 * @returns null with less than three whole days of history.
 */
export function forecast({
  days,
  firstDay,
  now,
  monthEnd,
  spentNanos,
  capNanos,
}: ForecastInput): Forecast | null {
  const today = dayOf(now.getTime());
  const spend = new Map(days.map(({ day, nanos }) => [day, nanos]));
  const begin = [
    [...spend.keys(), firstDay ?? today].sort()[0]!,
    dayOf(now.getTime() - FORECAST_DAYS * MS_PER_DAY),
  ].sort()[1]!;
  const history: { weekday: number; nanos: number }[] = [];
  for (let at = Date.parse(begin); at < Date.parse(today); at += MS_PER_DAY) {
    history.push({ weekday: new Date(at).getUTCDay(), nanos: spend.get(dayOf(at)) ?? 0 });
  }
  if (history.length < LEAST_DAYS) return null;

  const overall = mean(history.map(({ nanos }) => nanos));
  const byWeekday = Array.from({ length: 7 }, (_, weekday) =>
    history.length < WEEKDAY_PATTERN_FROM
      ? overall
      : mean(history.filter((each) => each.weekday === weekday).map(({ nanos }) => nanos)),
  );
  const groups = history.length < WEEKDAY_PATTERN_FROM ? 1 : 7;
  const squares = history.reduce((sum, { weekday, nanos }) => sum + (nanos - byWeekday[weekday]!) ** 2, 0);
  const variance = squares / Math.max(1, history.length - groups);

  let expected = spentNanos;
  let daysLeft = 0;
  let runsOutOn = spentNanos >= capNanos ? today : null;
  for (let at = now.getTime(); at < monthEnd.getTime();) {
    const midnight = Math.min((Math.floor(at / MS_PER_DAY) + 1) * MS_PER_DAY, monthEnd.getTime());
    const share = (midnight - at) / MS_PER_DAY;
    expected += byWeekday[new Date(at).getUTCDay()]! * share;
    daysLeft += share;
    if (expected >= capNanos) runsOutOn ??= dayOf(at);
    at = midnight;
  }
  // The mean is uncertain too: it is of so many days.
  const deviation = Math.sqrt(variance * daysLeft * (1 + daysLeft / history.length));
  return {
    expectedNanos: Math.round(expected),
    lowNanos: Math.max(spentNanos, Math.round(expected - EIGHTY_PERCENT * deviation)),
    highNanos: Math.round(expected + EIGHTY_PERCENT * deviation),
    runsOutOn,
    basedOnDays: history.length,
  };
}

function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 10);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
