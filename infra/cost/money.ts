import type { NanoDollars } from "../../litellm-config/money";

const NANOS_PER_CENT = 10_000_000;

/** Dollars and cents for people, rounded half up: `dollars(1_234_567_890_000)` is "$1,234.57". */
export function dollars(nanos: NanoDollars): string {
  const cents = Math.floor((Math.abs(nanos) + NANOS_PER_CENT / 2) / NANOS_PER_CENT);
  const whole = Math.floor(cents / 100)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
  return `${nanos < 0 && cents > 0 ? "-" : ""}$${whole}.${String(cents % 100).padStart(2, "0")}`;
}

/** A share in per cent for people, with one decimal: `percent(1, 3)` is "33.3 %". */
export function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((part / whole) * 100).toFixed(1)} %`;
}
