/** A calendar day, UTC, as "2026-11-24". Days compare as text. */
export type Day = string;

/** Both days belong to it. */
export interface Period {
  from: Day;
  to: Day;
}

const MS_PER_DAY = 86_400_000;

/** The day of a moment. */
export function dayOf(moment: Date): Day {
  return moment.toISOString().slice(0, 10);
}

/** The day `count` days after `day` (before it when negative). */
export function addDays(day: Day, count: number): Day {
  return dayOf(new Date(Date.parse(day) + count * MS_PER_DAY));
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
  return dayOf(new Date(Date.UTC(year, month - 1 + months, 1)));
}
