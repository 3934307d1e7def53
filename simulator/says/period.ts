const DAY = 86_400_000;
const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const COUNTS = ["one", "two", "three", "four", "five", "six", "seven"];
/** The words that name a period, as the source of a regular expression. */
export const PERIOD_WORDS = `\\b(?:(?:in |of |for )?(?:${MONTHS.filter((name) => name !== "may" && name !== "march").join("|")})(?: 20\\d\\d)?|yesterday|(?:in |over |for )?(?:the )?(?:last|this) (?:\\w+ )?(?:day|week|month)(?:s|'s)?)\\b`;
const LENGTHS: Readonly<Record<string, number>> = { day: 1, week: 7, month: 30 };

/** First and last day (both inside) of the period that a question names; without a name, the last 30 days. */
export function period(question: string, today: Date): [Date, Date] {
  const back = (days: number) => new Date(today.getTime() - days * DAY);
  const [year, month] = [today.getUTCFullYear(), today.getUTCMonth()];
  const lastMonth: [Date, Date] = [utc(year, month - 1, 1), utc(year, month, 0)];
  const named = monthIn(question, today);
  if (named) return named;
  if (/last month/i.test(question)) return lastMonth;
  if (/this month/i.test(question)) return [utc(year, month, 1), today];
  if (/yesterday/i.test(question)) return [back(1), back(1)];
  const [, count = "", unit = ""] = /\blast (\w+) (day|week|month)s\b/i.exec(question) ?? [];
  const length =
    (Number(count) || COUNTS.indexOf(count.toLowerCase()) + 1) * (LENGTHS[unit.toLowerCase()] ?? 0);
  if (length > 0) return [back(length), back(1)];
  if (/week/i.test(question)) return [back(7), back(1)];
  // An invoice is of whole months.
  return /\binvoice/i.test(question) ? lastMonth : [back(30), back(1)];
}

/** The last month that a question names, in the past without a year; the current one ends today. "may" alone is a verb. */
function monthIn(question: string, today: Date): [Date, Date] | undefined {
  const found = [
    ...question.matchAll(new RegExp(`\\b(${MONTHS.join("|")})\\b(?: (20\\d\\d))?`, "gi")),
  ].findLast(([name]) => name !== "may" && name !== "march");
  if (found === undefined) return undefined;
  const [, name = "", named] = found;
  const month = MONTHS.indexOf(name.toLowerCase());
  const [current, thisYear] = [today.getUTCMonth(), today.getUTCFullYear()];
  const year = named ? Number(named) : thisYear - (month > current ? 1 : 0);
  const isCurrent = month === current && year === thisYear;
  return [utc(year, month, 1), isCurrent ? today : utc(year, month + 1, 0)];
}

function utc(year: number, month: number, day: number): Date {
  return new Date(Date.UTC(year, month, day));
}
