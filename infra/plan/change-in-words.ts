/** Letters of a value that a line shows. */
const LETTERS = 160;

/**
 * A changed value for people: `path: before -> after`. Of a text of several lines, of a long list and of a long text the
 * parts that differ; of a long part the letters around the difference.
 *
 * @param before The value as JSON; undefined where there was none. Likewise `after`.
 */
export function changeInWords(path: string, before: string | undefined, after: string | undefined): string[] {
  const old = partsOf(before);
  const now = partsOf(after);
  if (!old || !now || (old.length === 1 && now.length === 1))
    return [`${path}: ${between(before, after).join(" -> ")}`];
  const removed = missing(old, now);
  const added = missing(now, old);
  if (removed.length === 0 && added.length === 0) {
    const at = old.findIndex((part, index) => part !== now[index]);
    return [
      `${path}: the same parts in another order, from part ${at + 1} on: ${between(old[at], now[at]).join(" -> ")}`,
    ];
  }
  return [
    `${path}:`,
    ...removed.map((part, at) => `  - ${between(part, added[at] ?? part)[0]}`),
    ...added.map((part, at) => `  + ${between(removed[at] ?? part, part)[1]}`),
  ];
}

/** A value that was not there before: `path: value`. */
export function valueInWords(path: string, value: string): string {
  return `${path}: ${excerpt(value, 0)}`;
}

/** Lines for a screen: the first of a long change, and how many more there are. */
export function firstLines(lines: string[], most: number, how: string): string[] {
  const rest = lines.length - most;
  return rest > 0 ? [...lines.slice(0, most), `  ... and ${rest} more lines (${how})`] : lines;
}

/** Lines of a text, items of a long list, words of a long text; undefined of what is neither. */
function partsOf(json: string | undefined): string[] | undefined {
  if (json?.startsWith("[") && json.length > LETTERS)
    return (JSON.parse(json) as unknown[]).map((item) => JSON.stringify(item));
  if (!json?.startsWith('"')) return undefined;
  const text = JSON.parse(json) as string;
  if (text.includes("\n")) return text.split("\n");
  return text.length > LETTERS ? text.split(/(?<=[\s,;{}])/) : [text];
}

/** Parts of one list that the other does not have, each as often as it is missing. */
function missing(parts: string[], from: string[]): string[] {
  const there = new Map<string, number>();
  for (const part of from) there.set(part, (there.get(part) ?? 0) + 1);
  return parts.filter((part) => {
    const left = there.get(part) ?? 0;
    there.set(part, left - 1);
    return left <= 0;
  });
}

/** Two values, each around the first letter in which they differ. */
function between(before: string | undefined, after: string | undefined): [string, string] {
  const from = firstDifference(before ?? "", after ?? "");
  return [excerpt(before, from), excerpt(after, from)];
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return at;
}

function excerpt(text: string | undefined, around: number): string {
  if (text === undefined) return "(none)";
  if (text.length <= LETTERS) return text;
  const start = Math.max(0, Math.min(around - LETTERS / 4, text.length - LETTERS));
  return `${start > 0 ? "..." : ""}${text.slice(start, start + LETTERS)}${start + LETTERS < text.length ? "..." : ""}`;
}
