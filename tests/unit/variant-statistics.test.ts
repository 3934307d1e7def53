import {
  differenceOfMeans,
  differenceOfShares,
  isBeyondChance,
  levelOfEach,
  rangeOfMean,
  rangeOfShare,
  sampleOf,
} from "../../ops/variants/statistics";

test("a mean has Student's range", () => {
  // t for 95 % and 9 degrees of freedom is 2.262157 in the tables.
  const sample = sampleOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(sample).toEqual({ n: 10, mean: 5.5, variance: expect.closeTo(9.166_667, 6) });
  const half = 2.262_157 * Math.sqrt(9.166_667 / 10);
  const { value, low, high } = rangeOfMean(sample)!;
  expect(value).toBe(5.5);
  expect(low).toBeCloseTo(5.5 - half, 5);
  expect(high).toBeCloseTo(5.5 + half, 5);
  // t for 99 % and 29 degrees of freedom is 2.756.
  expect(rangeOfMean({ n: 30, mean: 0, variance: 30 }, 0.99)!.high).toBeCloseTo(2.756, 3);
});

test("one value has no range, and equal values have a range of no width", () => {
  expect(rangeOfMean(sampleOf([3]))).toBeUndefined();
  expect(rangeOfMean(sampleOf([]))).toBeUndefined();
  expect(rangeOfMean(sampleOf([3, 3, 3]))).toEqual({ value: 3, low: 3, high: 3 });
});

// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3.
test.each([
  [81, 263, 0.2553, 0.3662],
  [15, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1, 29, 0.0061, 0.1718],
])("%i of %i have Wilson's range", (hits, n, low, high) => {
  const range = rangeOfShare({ hits, n })!;
  expect(range.value).toBe(hits / n);
  expect(range.low).toBeCloseTo(low, 4);
  expect(range.high).toBeCloseTo(high, 4);
});

test("a share of nothing has no range, and one of all ends at 1", () => {
  expect(rangeOfShare({ hits: 0, n: 0 })).toBeUndefined();
  expect(rangeOfShare({ hits: 20, n: 20 })!.high).toBe(1);
});

test("a difference of means has Welch's range", () => {
  // 15 values each; the degrees of freedom are 24.9, and t there is 2.060.
  const { value, low, high } = differenceOfMeans(
    { n: 15, mean: 20.8, variance: 7.9 },
    { n: 15, mean: 23, variance: 3.8 },
  );
  expect(value).toBeCloseTo(2.2, 10);
  expect(low).toBeCloseTo(2.2 - 2.06 * Math.sqrt(11.7 / 15), 2);
  expect(high).toBeCloseTo(2.2 + 2.06 * Math.sqrt(11.7 / 15), 2);
  const same = { n: 30, mean: 5, variance: 0 };
  expect(differenceOfMeans(same, { ...same, mean: 7 })).toEqual({ value: 2, low: 2, high: 2 });
});

// Newcombe, "Interval estimation for the difference between independent proportions", Statistics in Medicine 17 (1998),
// table II, method 10.
test.each([
  [56, 70, 48, 80, 0.0524, 0.3339],
  [9, 10, 3, 10, 0.1705, 0.809],
  [10, 10, 0, 20, 0.6791, 1],
])("%i of %i against %i of %i has Newcombe's range", (hits, n, otherHits, otherN, low, high) => {
  const range = differenceOfShares({ hits: otherHits, n: otherN }, { hits, n });
  expect(range.low).toBeCloseTo(low, 4);
  expect(range.high).toBeCloseTo(high, 4);
});

test("a difference is beyond chance where its range leaves out 0", () => {
  expect(isBeyondChance({ value: 2, low: 1, high: 3 })).toBe(true);
  expect(isBeyondChance({ value: -2, low: -3, high: -1 })).toBe(true);
  expect(isBeyondChance({ value: 1, low: -1, high: 3 })).toBe(false);
  expect(isBeyondChance({ value: 0, low: 0, high: 0 })).toBe(false);
});

test("the more is compared, the wider is each range", () => {
  expect(levelOfEach(0)).toBe(0.95);
  expect(levelOfEach(1)).toBeCloseTo(0.95, 10);
  expect(levelOfEach(10)).toBeCloseTo(0.995, 10);
});
