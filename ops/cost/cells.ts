import type { TierEconomics } from "../../infra/cost/economics";
import type { Amount, CostLine } from "../../infra/cost/estimate";
import { dollars, percent } from "../../infra/cost/money";
import { CASES } from "../../infra/cost/range";

/** What both reports write in the cells of a table: US dollars a month. */
export function amountCells(amount: Amount): string[] {
  return CASES.map((name) => dollars(amount[name]));
}

/** A line's expected quantity with its unit. */
export function quantityCell({ quantity, unit }: CostLine): string {
  return `${quantity.expected.toLocaleString("en-US", { maximumFractionDigits: 2 })} ${unit}`;
}

/** A tier's name, price, LLM cost at cap, that in percent of the price, what is left, and customers by case. */
export function tierCells(row: TierEconomics): string[] {
  return [
    row.tier,
    dollars(row.price),
    dollars(row.llmCap),
    percent(row.llmCap, row.price),
    dollars(row.contribution),
    CASES.map((name) => row.customers[name]).join(" / "),
  ];
}
