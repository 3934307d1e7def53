/** An amount of a cloud bill in billionths of its currency's unit. A number would lose digits of a bill in yen or rupiah. */
export type Nanos = bigint;

const NANOS_PER_UNIT = 1_000_000_000n;
const NANOS_PER_CENT = NANOS_PER_UNIT / 100n;

/**
 * An amount with two decimals, rounded half away from zero: `decimal(1_234_560_000_000n)` is "1234.56". The amount stays in
 * integers until it is text.
 */
export function decimal(nanos: Nanos): string {
  const size = nanos < 0n ? -nanos : nanos;
  const cents = (size + NANOS_PER_CENT / 2n) / NANOS_PER_CENT;
  const digits = cents.toString().padStart(3, "0");
  const sign = nanos < 0n && cents > 0n ? "-" : "";
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/**
 * Reads a plain decimal with at most nine places, as BigQuery writes a NUMERIC: `nanosOf("-0.5")` is -500_000_000n.
 *
 * @throws Error when the text is anything else.
 */
export function nanosOf(text: string): Nanos {
  const [, sign, units, places = ""] = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (units === undefined)
    throw new Error(`${JSON.stringify(text)} is not a decimal with at most nine places`);
  const size = BigInt(units) * NANOS_PER_UNIT + BigInt(places.padEnd(9, "0"));
  return sign === "-" ? -size : size;
}

/** The sum of some amounts. All must be in one currency. */
export function sum(amounts: Iterable<Nanos>): Nanos {
  let total = 0n;
  for (const amount of amounts) total += amount;
  return total;
}

/** The share of an amount: `percentOf(1n, 8n)` is 12.5, with one decimal; null of nothing. */
export function percentOf(part: Nanos, whole: Nanos): number | null {
  return whole > 0n ? Math.round((Number(part) * 1_000) / Number(whole)) / 10 : null;
}
