/** A calendar day of the bill, such as "2026-11-24". Days compare as text. */
export type Day = string;

/** Both days belong to it. */
export interface Period {
  from: Day;
  to: Day;
}

/**
 * Google's billing days and months begin at midnight Pacific time, summer time included, whatever the customer's own zone;
 * https://cloud.google.com/billing/docs/how-to/reports
 */
export const TIME_ZONE = "America/Los_Angeles" as const;

const MS_PER_DAY = 86_400_000;
const MS_PER_HOUR = 3_600_000;
const calendar = new Intl.DateTimeFormat("en-US", {
  timeZone: TIME_ZONE,
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
});

/** Days by their hour: asking the calendar takes a microsecond or two, and a bill has a line for every hour. */
const dayOfHour = new Map<number, Day>();
const MAX_HOURS = 100_000;

/** The billing day that a moment belongs to. */
export function dayOf(moment: Date): Day {
  const hour = Math.floor(moment.getTime() / MS_PER_HOUR);
  let known = dayOfHour.get(hour);
  if (known === undefined) {
    const [month, day, year] = calendar.format(moment).split("/");
    known = `${year}-${month}-${day}`;
    if (dayOfHour.size >= MAX_HOURS) dayOfHour.clear();
    dayOfHour.set(hour, known);
  }
  return known;
}

/** The moment at which a billing day begins. Summer time never changes at midnight, so there is exactly one. */
export function startOf(day: Day): Date {
  const summer = new Date(Date.parse(day) + 7 * MS_PER_HOUR);
  return dayOf(summer) === day ? summer : new Date(Date.parse(day) + 8 * MS_PER_HOUR);
}

/** The day `count` days after `day` (before it when negative). */
export function addDays(day: Day, count: number): Day {
  return isoDay(Date.parse(day) + count * MS_PER_DAY);
}

/** How many days a period has. */
export function lengthOf({ from, to }: Period): number {
  return (Date.parse(to) - Date.parse(from)) / MS_PER_DAY + 1;
}

/** Every day of a period, in order. */
export function daysOf(period: Period): Day[] {
  return Array.from({ length: lengthOf(period) }, (_, i) => addDays(period.from, i));
}

/** The Monday of a day's week (ISO 8601). */
export function mondayOf(day: Day): Day {
  const weekday = (new Date(day).getUTCDay() + 6) % 7;
  return addDays(day, -weekday);
}

/** The first day of the calendar month, `months` after the day's own. */
export function firstOfMonth(day: Day, months = 0): Day {
  const [year, month] = day.split("-").map(Number) as [number, number];
  return isoDay(Date.UTC(year, month - 1 + months, 1));
}

/** Whether a period is one or more whole calendar months. */
export function isWholeMonths({ from, to }: Period): boolean {
  return from === firstOfMonth(from) && addDays(to, 1) === firstOfMonth(addDays(to, 1));
}

function isoDay(milliseconds: number): Day {
  return new Date(milliseconds).toISOString().slice(0, 10);
}
