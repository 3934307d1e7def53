/** Letters of a value that a line shows, and lines of a text. */
const LETTERS = 160;
const LINES = 12;

/**
 * A changed value for people: `path: before -> after`. Of a text of several lines the lines that differ; of a long line the
 * part around the difference.
 *
 * @param before The value as JSON; undefined where there was none. Likewise `after`.
 */
export function changeInWords(path: string, before: string | undefined, after: string | undefined): string[] {
  const old = textOf(before);
  const now = textOf(after);
  if (old === undefined || now === undefined || !`${old}${now}`.includes("\n")) {
    const from = firstDifference(before ?? "", after ?? "");
    return [`${path}: ${excerpt(before, from)} -> ${excerpt(after, from)}`];
  }
  const removed = linesMissing(old, now).map((line) => `  - ${excerpt(line, 0)}`);
  const added = linesMissing(now, old).map((line) => `  + ${excerpt(line, 0)}`);
  const lines = [...removed, ...added];
  const rest = lines.length - LINES;
  return [`${path}:`, ...lines.slice(0, LINES), ...(rest > 0 ? [`  ... and ${rest} more lines`] : [])];
}

function textOf(json: string | undefined): string | undefined {
  if (!json?.startsWith('"')) return undefined;
  return JSON.parse(json) as string;
}

/** Lines of one text that the other does not have, each as often as it is missing. */
function linesMissing(text: string, from: string): string[] {
  const there = new Map<string, number>();
  for (const line of from.split("\n")) there.set(line, (there.get(line) ?? 0) + 1);
  return text.split("\n").filter((line) => {
    const left = there.get(line) ?? 0;
    there.set(line, left - 1);
    return left <= 0;
  });
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
