import type { NanoDollars } from "../../litellm-config";

/** A provider's bill for a day's calls to a model; days are UTC. */
export interface BillLine {
  day: string;
  /** A model of the definitions, or the provider's text where it names no known model. */
  model: string;
  nanos: NanoDollars;
}

export interface Bill {
  lines: BillLine[];
  /** The days that the bill covers, also those without cost. */
  from: string;
  to: string;
}

/** A bill that cannot be read. The message names the file, what is wrong, and the remedy. */
export class BillError extends Error {}

/** Nano-dollars of a decimal amount, rounded to the nearest; `places` moves the point, 2 for cents. */
export function nanosOf(amount: string, places = 0): NanoDollars {
  const [, sign, units, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(amount.trim()) ?? [];
  if (units === undefined) throw new BillError(`"${amount}" is not an amount`);
  // As an integer of the 10^-18th, then rounded: no floating point touches money.
  const shift = 18 - places + Number(exponent);
  const digits = units + fraction.padEnd(Math.max(shift, 0), "0").slice(0, Math.max(shift, 0));
  const fine = shift >= 0 ? BigInt(digits) : BigInt(units) / 10n ** BigInt(-shift);
  const nanos = Number((fine + 500_000_000n) / 1_000_000_000n);
  return sign === "-" ? -nanos : nanos;
}
