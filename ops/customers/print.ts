import Table from "cli-table3";
import { formatUsd } from "../../litellm-config";
import type { Customer, Usage } from "./customers";

/** Writes JSON when asked for it, otherwise the text. */
export function print(json: boolean, value: unknown, text: () => string): void {
  console.log(json ? JSON.stringify(value, null, 2) : text());
}

export function customerTable(customers: Customer[]): string {
  if (customers.length === 0) return "There are no customers yet: add one with `npm run customers -- add`.";
  return table(
    ["customer", "name", "tier", "project", "since", ""],
    customers.map(({ customerId, name, tier, gcpProject, createdAt, disabledAt }) => [
      customerId,
      name,
      tier,
      gcpProject ?? "",
      createdAt.slice(0, 10),
      disabledAt ? `disabled ${disabledAt.slice(0, 10)}` : "",
    ]),
  );
}

export function usageTable(usages: Usage[]): string {
  if (usages.length === 0) return "There are no customers yet: add one with `npm run customers -- add`.";
  return table(
    ["customer", "tier", "month", "calls", "spent", "held", "left", "cap", "used"],
    usages.map(({ customerId, tier, month, calls, spentNanos, heldNanos, capNanos }) => [
      customerId,
      tier,
      month,
      calls,
      formatUsd(spentNanos),
      formatUsd(heldNanos),
      formatUsd(Math.max(0, capNanos - spentNanos - heldNanos)),
      formatUsd(capNanos),
      `${(Math.floor((spentNanos * 1_000) / capNanos) / 10).toFixed(1)} %`,
    ]),
  );
}

/** A plain table without colours, fit for a pipe. */
function table(head: string[], rows: (string | number)[][]): string {
  const result = new Table({ head, style: { head: [], border: [] } });
  result.push(...rows);
  return result.toString();
}
