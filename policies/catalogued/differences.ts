import { isDeepStrictEqual } from "node:util";

/**
 * In what a structure differs from the rendered one, a place each. A text that was found may be a secret in the wrong place: only
 * the name of an image is shown.
 */
export function differencesFrom(wanted: unknown, found: unknown, place: string): string[] {
  if (isDeepStrictEqual(found, wanted)) return [];
  if (isRecord(wanted) && isRecord(found))
    return Object.keys({ ...wanted, ...found }).flatMap((key) =>
      differencesFrom(wanted[key], found[key], place === "" ? key : `${place}.${key}`),
    );
  if (Array.isArray(wanted) && Array.isArray(found)) {
    if (wanted.length !== found.length)
      return [`${place} has ${found.length} entries, and rendered ${wanted.length}`];
    return wanted.flatMap((each, at) => differencesFrom(each, found[at], `${place}[${at}]`));
  }
  const is = typeof found === "string" && !place.endsWith(".image") ? "another text" : shown(found);
  return [`${place} is ${is}, and rendered ${shown(wanted)}`];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  if (value === undefined) return "not set";
  if (isRecord(value)) return `a structure of ${Object.keys(value).join(", ")}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  const text = JSON.stringify(value);
  return text.length > 120 ? `${text.slice(0, 120)}...` : text;
}
