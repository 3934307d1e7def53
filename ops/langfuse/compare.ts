/**
 * Whether a thing already is as wanted: every wanted value is there. What the server adds (ids, dates, defaults) does not
 * count; a list has to be the same list.
 */
export function isAsWanted(wanted: unknown, actual: unknown): boolean {
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(actual) &&
      actual.length === wanted.length &&
      wanted.every((each, at) => isAsWanted(each, actual[at]))
    );
  }
  if (typeof wanted === "object" && wanted !== null) {
    if (typeof actual !== "object" || actual === null) return false;
    return Object.entries(wanted).every(
      ([key, value]) => value === undefined || isAsWanted(value, (actual as Record<string, unknown>)[key]),
    );
  }
  // A price goes through decimal places on its way: the nearest floating number is the same price.
  if (typeof wanted === "number" && typeof actual === "number") {
    return Math.abs(wanted - actual) <= Math.abs(wanted) * 1e-9;
  }
  // Langfuse leaves out what is null.
  return wanted === (actual ?? null) || wanted === actual;
}
