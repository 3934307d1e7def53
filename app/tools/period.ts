import { z } from "zod";
import {
  addDays,
  dayOf,
  firstOfMonth,
  isWholeMonths,
  lengthOf,
  mondayOf,
  TIME_ZONE,
  type Period,
} from "../dates";
import { UserError } from "../errors";

const NAMED = [
  "yesterday",
  "last_7_days",
  "last_30_days",
  "this_week",
  "last_week",
  "this_month",
  "last_month",
] as const;
type Named = (typeof NAMED)[number];

/** What a call says of the period that it wants. */
export interface PeriodInput {
  period: Named;
  from?: string | undefined;
  to?: string | undefined;
}

/** The longest period that one call reads, in days. */
const MAX_DAYS = 400;

/** The arguments that name a period; weeks run from Monday to Sunday. */
export function periodInput(byDefault: Named) {
  return {
    period: z.enum(NAMED).default(byDefault).describe("A named period; ignored when from and to are given"),
    from: z.iso.date().optional().describe("First day (Pacific time), as 2026-11-01; needs to"),
    to: z.iso.date().optional().describe("Last day (Pacific time), included; needs from"),
  };
}

/** A period in a result. */
export const periodOutput = { from: z.iso.date(), to: z.iso.date() };

/** How a result with dates says what its days are. */
export const timeZoneOutput = {
  time_zone: z
    .literal(TIME_ZONE)
    .describe("Of every day in this answer: Google bills by days and months in Pacific time"),
};

/**
 * The days that the arguments name. Named periods end yesterday at the latest: hardly any of today is billed yet.
 *
 * @throws UserError when only one of from and to is given, or they are in the wrong order or too far apart.
 */
export function resolvePeriod(input: PeriodInput, now: Date): Period {
  if (input.from === undefined && input.to === undefined) return namedPeriod(input.period, now);
  if (input.from === undefined || input.to === undefined) {
    throw new UserError(
      `Only ${input.from ? "from" : "to"} is set: set both from and to, or use a named period.`,
    );
  }
  const period = { from: input.from, to: input.to };
  if (period.from > period.to) {
    throw new UserError(`from (${period.from}) is after to (${period.to}): swap them.`);
  }
  if (lengthOf(period) > MAX_DAYS) {
    throw new UserError(
      `${period.from} to ${period.to} has ${lengthOf(period)} days: ask for at most ${MAX_DAYS}.`,
    );
  }
  return period;
}

/**
 * The period to compare with: for whole months as many months before, for a month up to some day the same days of the month
 * before, for a week or a part of one the same weekdays before, else as many days before.
 */
export function periodBefore(input: PeriodInput, period: Period): Period {
  const { from, to } = period;
  const months =
    (Number(to.slice(0, 4)) - Number(from.slice(0, 4))) * 12 +
    Number(to.slice(5, 7)) -
    Number(from.slice(5, 7)) +
    1;
  if (isWholeMonths(period)) return { from: firstOfMonth(from, -months), to: addDays(from, -1) };
  const named = input.from === undefined ? input.period : undefined;
  if (named === "this_month") {
    const first = firstOfMonth(from, -1);
    const sameDay = addDays(first, lengthOf(period) - 1);
    const lastDay = addDays(from, -1);
    return { from: first, to: sameDay < lastDay ? sameDay : lastDay };
  }
  const days = named === "this_week" ? 7 : lengthOf(period);
  return { from: addDays(from, -days), to: addDays(to, -days) };
}

function namedPeriod(name: Named, now: Date): Period {
  const today = dayOf(now);
  const yesterday = addDays(today, -1);
  // On the first day of a week or month nothing of it is billed yet: it is then the one day today.
  const upToYesterday = (from: string) => ({ from, to: from > yesterday ? from : yesterday });
  switch (name) {
    case "yesterday":
      return { from: yesterday, to: yesterday };
    case "last_7_days":
      return { from: addDays(today, -7), to: yesterday };
    case "last_30_days":
      return { from: addDays(today, -30), to: yesterday };
    case "this_week":
      return upToYesterday(mondayOf(today));
    case "last_week":
      return { from: addDays(mondayOf(today), -7), to: addDays(mondayOf(today), -1) };
    case "this_month":
      return upToYesterday(firstOfMonth(today));
    case "last_month":
      return { from: firstOfMonth(today, -1), to: addDays(firstOfMonth(today), -1) };
  }
}
