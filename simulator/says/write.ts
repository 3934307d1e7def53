/** One result in words: the finding in a sentence, then what bears it out, and what to do next. */
export interface Statement {
  finding: string;
  /** A Markdown table, or sentences. */
  evidence: string[];
  next?: string;
}

/** A decimal amount as people write it: `money("1163.124", "USD")` is "$1,163.12". */
export function money(amount: string | number, currency: string): string {
  const value = Number(amount);
  const digits = new Intl.NumberFormat("en-US", {
    minimumFractionDigits: 2,
    maximumFractionDigits: 2,
  }).format(Math.abs(value));
  const sign = value < 0 ? "-" : "";
  return currency === "USD" ? `${sign}$${digits}` : `${sign}${digits} ${currency}`;
}

/** The same with its sign: "+$513.98". */
export function signed(amount: string, currency: string): string {
  return `${Number(amount) > 0 ? "+" : ""}${money(amount, currency)}`;
}

/** A share in percent, with one decimal below ten. */
export function percent(share: number): string {
  return `${Math.abs(share) < 10 ? share.toFixed(1) : share.toFixed(0)}%`;
}

/** Days as people write them: "16-22 Nov 2026", "28 Oct - 26 Nov 2026", "17 Nov 2026". */
export function days(from: string, to: string): string {
  const part = (day: string, style: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-GB", { ...style, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
  const end = part(to, { day: "numeric", month: "short", year: "numeric" });
  if (from === to) return end;
  if (from.slice(0, 7) === to.slice(0, 7)) return `${part(from, { day: "numeric" })}-${end}`;
  const year = from.slice(0, 4) === to.slice(0, 4) ? {} : ({ year: "numeric" } as const);
  return `${part(from, { day: "numeric", month: "short", ...year })} - ${end}`;
}

/** The same days after a verb: "over 16-22 Nov 2026", "on 17 Nov 2026", "in October 2026". */
export function during(from: string, to: string): string {
  const dayAfter = new Date(new Date(`${to}T00:00:00Z`).getTime() + 86_400_000).toISOString().slice(0, 10);
  if (from === to) return `on ${days(from, to)}`;
  const isMonth = from.endsWith("-01") && dayAfter.endsWith("-01") && from.slice(0, 7) === to.slice(0, 7);
  return isMonth ? `in ${monthOf(from)}` : `over ${days(from, to)}`;
}

/** A day's month: "October 2026". */
export function monthOf(day: string): string {
  return new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

/** Amounts of several currencies side by side, never added: "$5.00 and 3.00 EUR". */
export function amounts(list: readonly string[]): string {
  return new Intl.ListFormat("en-GB", { type: "conjunction" }).format(list);
}

/** A Markdown table; every column but the first is a number, unless `text` names it. */
export function table(head: string[], rows: string[][], text: number[] = []): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = head.map((_, at) => (at === 0 || text.includes(at) ? "---" : "---:"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** The last part of a resource's full name. */
export function shortName(resource: string): string {
  return resource.split("/").at(-1) ?? resource;
}

/** A code's words: `oversized_database` is "oversized database", `idle_vm` "idle VM". */
export function words(code: string): string {
  return code
    .replace(/([a-z])([A-Z])/g, "$1 $2")
    .replaceAll("_", " ")
    .toLowerCase()
    .replace(/\b(vm|ip|sku)\b/g, (acronym) => acronym.toUpperCase());
}

export function plural(count: number, one: string): string {
  return `${count} ${count === 1 ? one : `${one}s`}`;
}
