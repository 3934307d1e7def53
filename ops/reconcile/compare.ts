import type { NanoDollars, Provider } from "../../litellm-config";
import type { DayCharge } from "./charges";
import type { Bill } from "./bill";

/** A day and model, as the ledger and as the provider have it. */
export interface Compared {
  provider: Provider;
  day: string;
  model: string;
  ledgerNanos: NanoDollars;
  billNanos: NanoDollars;
  /** What the ledger charged above the bill; negative: the bill is higher. */
  differenceNanos: NanoDollars;
  /** It is further apart than the tolerance, or the bill is higher. */
  differs: boolean;
}

/** Bills round: so much below the bill does not count. */
const ROUNDING_NANOS = 1_000;

/**
 * Compares a bill with the ledger's charges of the same days, by model and day.
 *
 * @param tolerancePercent of the bill that the ledger may be above it. Being below it is always a difference.
 */
export function compare(
  provider: Provider,
  bill: Bill,
  charges: DayCharge[],
  tolerancePercent: number,
): Compared[] {
  const rows = new Map<string, Compared>();
  const row = (day: string, model: string) => {
    const key = `${day} ${model}`;
    const empty = { provider, day, model, ledgerNanos: 0, billNanos: 0, differenceNanos: 0, differs: false };
    return rows.get(key) ?? rows.set(key, empty).get(key)!;
  };
  for (const { day, model, nanos } of bill.lines) row(day, model).billNanos += nanos;
  for (const { provider: of, day, model, costNanos } of charges) {
    if (of === provider && day >= bill.from && day <= bill.to) row(day, model).ledgerNanos += costNanos;
  }
  for (const each of rows.values()) {
    each.differenceNanos = each.ledgerNanos - each.billNanos;
    each.differs =
      each.differenceNanos < -ROUNDING_NANOS ||
      each.differenceNanos * 100 > Math.abs(each.billNanos) * tolerancePercent;
  }
  return [...rows.values()].sort((one, other) =>
    `${one.day} ${one.model}`.localeCompare(`${other.day} ${other.model}`),
  );
}
