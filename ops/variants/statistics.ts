/** Ranges of means and shares, and of their differences. Nothing here knows what was measured. */
import { jStat } from "jstat";

/** A sample by its moments; `variance` divides by n - 1. */
export interface Sample {
  n: number;
  mean: number;
  variance: number;
}

/** How many of `n` have a property. */
export interface Share {
  hits: number;
  n: number;
}

/** An estimate and its confidence range, in the unit of what was measured. */
export interface Range {
  value: number;
  low: number;
  high: number;
}

/** The sample of some values. */
export function sampleOf(values: number[]): Sample {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { n, mean, variance };
}

/** The mean with Student's range. It needs two values; with fewer the answer is `undefined`. */
export function rangeOfMean({ n, mean, variance }: Sample, level = 0.95): Range | undefined {
  if (n < 2) return undefined;
  return around(mean, tQuantile(level, n - 1) * Math.sqrt(variance / n));
}

/** The share with Wilson's range, which stays within 0 and 1; `undefined` of nothing. */
export function rangeOfShare({ hits, n }: Share, level = 0.95): Range | undefined {
  if (n === 0) return undefined;
  const z = jStat.normal.inv((1 + level) / 2, 0, 1);
  const value = hits / n;
  const middle = (value + z ** 2 / (2 * n)) / (1 + z ** 2 / n);
  const half = (z / (1 + z ** 2 / n)) * Math.sqrt((value * (1 - value)) / n + z ** 2 / (4 * n ** 2));
  return { value, low: Math.min(value, middle - half), high: Math.max(value, middle + half) };
}

/** `other` minus `one`, with Welch's range: the variances may differ. Each needs two values. */
export function differenceOfMeans(one: Sample, other: Sample, level = 0.95): Range {
  const [a, b] = [one.variance / one.n, other.variance / other.n];
  const difference = other.mean - one.mean;
  if (a + b === 0) return around(difference, 0);
  const degreesOfFreedom = (a + b) ** 2 / (a ** 2 / (one.n - 1) + b ** 2 / (other.n - 1));
  return around(difference, tQuantile(level, degreesOfFreedom) * Math.sqrt(a + b));
}

/** `other` minus `one`, with Newcombe's range, which is made of Wilson's. Neither may be empty. */
export function differenceOfShares(one: Share, other: Share, level = 0.95): Range {
  const [a, b] = [rangeOfShare(one, level)!, rangeOfShare(other, level)!];
  const value = b.value - a.value;
  return {
    value,
    low: value - Math.hypot(b.value - b.low, a.high - a.value),
    high: value + Math.hypot(b.high - b.value, a.value - a.low),
  };
}

/** Whether a difference is beyond chance at the level of its range. */
export function isBeyondChance({ low, high }: Range): boolean {
  return low > 0 || high < 0;
}

/** The level of each of `count` ranges with which all of them together hold at `level` (Bonferroni). */
export function levelOfEach(count: number, level = 0.95): number {
  return 1 - (1 - level) / Math.max(1, count);
}

function tQuantile(level: number, degreesOfFreedom: number): number {
  return jStat.studentt.inv((1 + level) / 2, degreesOfFreedom);
}

function around(value: number, half: number): Range {
  return { value, low: value - half, high: value + half };
}
