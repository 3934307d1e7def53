import { NANOS_PER_DOLLAR, type NanoDollars } from "../litellm-config";

const NANOS_PER_CENT = NANOS_PER_DOLLAR / 100;

/**
 * An amount of a cloud bill with two decimals, rounded half away from zero: `decimal(1_234_560_000_000)` is "1234.56".
 * The amount stays in integers until it is text.
 */
export function decimal(nanos: NanoDollars): string {
  const cents = Math.floor((Math.abs(nanos) + NANOS_PER_CENT / 2) / NANOS_PER_CENT);
  const digits = cents.toString().padStart(3, "0");
  const sign = nanos < 0 && cents > 0 ? "-" : "";
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}
