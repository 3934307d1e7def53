/** The value below which so many percent of the values lie (nearest rank). */
export function percentile(values: number[], percent: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? NaN;
}

export function median(values: number[]): number {
  return percentile(values, 50);
}

/** A number between 0 and 1, without 1; the next one at each call. */
export type Random = () => number;

/** The same random numbers for the same seed (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An estimate and the interval that holds it in 95 of 100 repetitions. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

const RESAMPLES = 2_000;

/**
 * A statistic of measurements with its 95 % confidence interval, by the bootstrap: the statistic of many samples that are drawn
 * from the measurements with replacement.
 */
export function bootstrap<T>(measured: T[], statistic: (sample: T[]) => number, random: Random): Estimate {
  const resampled = Array.from({ length: RESAMPLES }, () =>
    statistic(measured.map(() => measured[Math.floor(random() * measured.length)]!)),
  );
  return {
    value: statistic(measured),
    low: percentile(resampled, 2.5),
    high: percentile(resampled, 97.5),
  };
}

/** The ratio of two statistics of rounds that were measured in pairs. */
export function ratioOf<T>(
  pairs: { guarded: T; stock: T }[],
  statistic: (rounds: T[]) => number,
  random: Random,
): Estimate {
  const ratio = (sample: { guarded: T; stock: T }[]) =>
    statistic(sample.map(({ guarded }) => guarded)) / statistic(sample.map(({ stock }) => stock));
  return bootstrap(pairs, ratio, random);
}

/** A ratio's interval wider than this, as a share of the ratio, says nothing of ten percent more or less. */
const WIDEST = 0.2;

/** The line that says how far the machine could be trusted. */
export function noiseLine(ratios: Record<string, Estimate>): string {
  const wide = Object.entries(ratios).filter(([, { value, low, high }]) => (high - low) / value > WIDEST);
  if (wide.length === 0)
    return `The machine was calm, to within 10 % of the ratio: ${Object.keys(ratios).join(", ")}.`;
  const named = wide
    .map(([name, { low, high }]) => `${name} (${low.toFixed(2)} to ${high.toFixed(2)})`)
    .join(", ");
  return `The machine was too noisy to tell: ${named}. Run it again with nothing else running, or with more rounds.`;
}

/** `1.06x (1.02 to 1.11)`. */
export function estimateText({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)}x (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** The values in a random order. */
export function shuffled<T>(values: readonly T[], random: Random): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(Math.floor(random() * rest.length), 1)[0]!);
}
