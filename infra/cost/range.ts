/** A quantity or an amount in the three cases of an estimate. */
export interface Range {
  low: number;
  expected: number;
  high: number;
}

export const CASES = ["low", "expected", "high"] as const;
export type Case = (typeof CASES)[number];

/** The same in every case: what is provisioned, however much of it is used. */
export function fixed(value: number): Range {
  return { low: value, expected: value, high: value };
}

/** @throws RangeError when the cases are not in ascending order. */
export function range(low: number, expected: number, high: number): Range {
  if (!(low <= expected && expected <= high)) {
    throw new RangeError(
      `range(${low}, ${expected}, ${high}) is not in ascending order: use low, expected, high`,
    );
  }
  return { low, expected, high };
}

/** Combines ranges case by case. */
export function combine(ranges: Range[], of: (...values: number[]) => number): Range {
  const at = (name: Case) => of(...ranges.map((each) => each[name]));
  return { low: at("low"), expected: at("expected"), high: at("high") };
}

export function times(a: Range, factor: Range | number): Range {
  return combine([a, typeof factor === "number" ? fixed(factor) : factor], (x, y) => x * y);
}

export function sum(ranges: Range[]): Range {
  return ranges.reduce((a, b) => combine([a, b], (x, y) => x + y), fixed(0));
}
