/**
 * Money is integer nano-dollars (1 USD = 1,000,000,000) everywhere: the ledger, the budgets, the prices.
 * A nano-dollar amount of this project stays far below 2^53, so `number` holds it exactly.
 */
export type NanoDollars = number;

export const NANOS_PER_DOLLAR = 1_000_000_000;

/**
 * Nano-dollars of a decimal dollar amount, exactly: `usd("0.50")` is 500,000,000.
 *
 * @throws RangeError when the text is not a decimal number or has more than nine decimals.
 */
export function usd(amount: string): NanoDollars {
  const match = /^(\d+)(?:\.(\d{1,9}))?$/.exec(amount);
  if (!match) {
    throw new RangeError(
      `"${amount}" is not a dollar amount: write digits with at most nine decimals, such as "0.50"`,
    );
  }
  const nanos = Number(match[1]) * NANOS_PER_DOLLAR + Number((match[2] ?? "").padEnd(9, "0"));
  if (!Number.isSafeInteger(nanos))
    throw new RangeError(`"${amount}" dollars is too large to be held exactly`);
  return nanos;
}

/** Nano-dollars per token of a price that providers quote in dollars per million tokens: `perMillion("3")` is 3,000. */
export function perMillion(dollars: string): NanoDollars {
  const price = usd(dollars) / 1_000_000;
  if (!Number.isInteger(price)) {
    throw new RangeError(`$${dollars} per million tokens is not a whole number of nano-dollars per token`);
  }
  return price;
}

/**
 * Dollars for people: two decimals, or as many as a small amount needs, never rounded to zero. `formatUsd(1_230_000)` is
 * "$0.00123".
 */
export function formatUsd(nanos: NanoDollars): string {
  const sign = nanos < 0 ? "-" : "";
  const digits = Math.abs(nanos).toString().padStart(10, "0");
  const decimals = digits.slice(-9).replace(/0+$/, "").padEnd(2, "0");
  return `${sign}$${digits.slice(0, -9)}.${decimals}`;
}

/** Dollars in whole cents, for estimates: `formatCents(1_234_567_890)` is "$1.23". */
export function formatCents(nanos: NanoDollars): string {
  return `$${toDollars(nanos).toFixed(2)}`;
}

/** Dollars as a floating number, for displays and for APIs that take floats. Never compare or add these. */
export function toDollars(nanos: NanoDollars): number {
  return nanos / NANOS_PER_DOLLAR;
}
