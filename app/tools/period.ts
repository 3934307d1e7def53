import { z } from "zod";
import { addDays, dayOf, firstOfMonth, lengthOf, mondayOf, type Period } from "../dates";
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

/** The longest period that one call reads, in days. */
const MAX_DAYS = 400;

/** The arguments that name a period; weeks run from Monday to Sunday, days are UTC. */
export function periodInput(byDefault: Named) {
  return {
    period: z.enum(NAMED).default(byDefault).describe("A named period; ignored when from and to are given"),
    from: z.iso.date().optional().describe("First day, as 2026-11-01; needs to"),
    to: z.iso.date().optional().describe("Last day, included; needs from"),
  };
}

/** How a result says which days it covers. */
export const periodOutput = { from: z.iso.date(), to: z.iso.date() };

/**
 * The days that the arguments name. The bill of today is not whole yet, so named periods end yesterday at the latest.
 *
 * @throws UserError when only one of from and to is given, or they are in the wrong order or too far apart.
 */
export function resolvePeriod(
  input: { period: Named; from?: string | undefined; to?: string | undefined },
  now: Date,
): Period {
  if (input.from === undefined && input.to === undefined) return namedPeriod(input.period, now);
  if (input.from === undefined || input.to === undefined) {
    throw new UserError(
      `Only ${input.from ? "from" : "to"} is given: give both from and to, or a named period.`,
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

/** The period of equal length before; of a whole calendar month, the whole month before. */
export function periodBefore(period: Period): Period {
  const wholeMonth =
    period.from === firstOfMonth(period.from) && addDays(period.to, 1) === firstOfMonth(period.from, 1);
  const from = wholeMonth ? firstOfMonth(period.from, -1) : addDays(period.from, -lengthOf(period));
  return { from, to: addDays(period.from, -1) };
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
