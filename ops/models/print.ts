import Table from "cli-table3";
import { formatUsd } from "../../litellm-config";
import { pc } from "../terminal/colours";
import { isUnexplained, type Difference } from "./compare";

/** The differences as a table and a line that sums them up. */
export function differencesText(differences: Difference[]): string {
  if (differences.length === 0) return "Every model is as the list has it.";
  const table = new Table({
    head: ["model", "field", "definition", "list", "reason"],
    style: { head: [], border: [] },
    colWidths: [null, null, null, null, 50],
    wordWrap: true,
  });
  for (const difference of differences) {
    const { model, field, definition, list, reason } = difference;
    const mark = isUnexplained(difference) ? pc.yellow : pc.dim;
    table.push([model, field, show(field, definition), show(field, list), reason ?? ""].map(mark));
  }
  const unexplained = differences.filter(isUnexplained).length;
  const remedy =
    unexplained === 0
      ? ""
      : "\nCorrect litellm-config/definitions/models.ts, or state the reason there: reasons: { FIELD: WHY }";
  return `${table.toString()}\n${unexplained} without a reason, ${differences.length - unexplained} with one${remedy}`;
}

const PRICE = /^(input|output|cache)/;

function show(field: string, value: Difference["list"]): string {
  if (value === null) return "-";
  return PRICE.test(field) && typeof value === "number"
    ? `${formatUsd(Math.round(value * 1_000_000))} per million`
    : typeof value === "number"
      ? value.toLocaleString("en-US")
      : value;
}
