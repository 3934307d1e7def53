import type { Forecast } from "../../app/ledger/forecast";
import { formatCents, formatUsd } from "../../litellm-config";
import type { Total, Usage } from "../ledger/outlook";
import { table } from "../terminal/table";
import type { Deleted } from "./changes";
import type { Grant, Override } from "./budget";
import type { Customer } from "./customer";
import type { ImportStep } from "./import";
import type { Key } from "./keys";

const NONE = "There are no customers yet: add one with `npm run customers -- add`.";

export function customerTable(customers: Customer[]): string {
  if (customers.length === 0) return NONE;
  return table(
    ["customer", "name", "tier", "project", "month begins", "since", ""],
    customers.map(({ customerId, name, tier, gcpProject, anchorDay, anchorFrom, createdAt, disabledAt }) => [
      customerId,
      name,
      tier,
      gcpProject ?? "",
      `day ${anchorDay}${anchorFrom === null ? "" : ` from ${anchorFrom}`}`,
      day(createdAt),
      disabledAt ? `disabled ${day(disabledAt)}` : "",
    ]),
  );
}

/** A forecast with its range, in whole cents: it is not exact anyway. */
function expected(forecast: Forecast | null): string {
  if (!forecast) return "known after three days";
  const { expectedNanos, lowNanos, highNanos } = forecast;
  return `${formatCents(expectedNanos)} (${formatCents(lowNanos)} to ${formatCents(highNanos)})`;
}

export function usageTable(usages: Usage[]): string {
  if (usages.length === 0) return NONE;
  const rows = usages.map(
    ({ customerId, tier, month, monthEnd, calls, spentNanos, heldNanos, capNanos, forecast }) => [
      customerId,
      tier,
      month,
      monthEnd,
      calls,
      formatUsd(spentNanos),
      formatUsd(heldNanos),
      formatUsd(Math.max(0, capNanos - spentNanos - heldNanos)),
      formatUsd(capNanos),
      `${(Math.floor((spentNanos * 1_000) / capNanos) / 10).toFixed(1)} %`,
      expected(forecast),
      forecast?.runsOutOn ?? "",
    ],
  );
  return table(
    [
      "customer",
      "tier",
      "month from",
      "until",
      "calls",
      "spent",
      "held",
      "left",
      "cap",
      "used",
      "expected at month end",
      "runs out",
    ],
    rows,
  );
}

/** Spend and forecast of each tier and of all customers. */
export function totalsTable(totals: Total[]): string {
  return table(
    ["tier", "spent", "expected at month end"],
    totals.map(({ name, spentNanos, forecast }) => [name, formatUsd(spentNanos), expected(forecast)]),
  );
}

export function keyTable(keys: Key[]): string {
  return table(
    ["key", "begins with", "since", "ends", ""],
    keys.map(({ keyId, hint, createdAt, endsAt, works }) => [
      keyId,
      hint ?? "(not kept)",
      day(createdAt),
      endsAt?.slice(0, 16) ?? "",
      works ? "works" : "ended",
    ]),
  );
}

/** A customer's override and grants; empty without any. */
export function budgetText(override: Override | undefined, grants: Grant[]): string {
  return [
    ...(override
      ? [`Override: ${formatUsd(override.budgetNanos)} a month until ${override.endsAt.slice(0, 16)} UTC.`]
      : []),
    ...grants.map(
      ({ grantId, amountNanos, usedNanos, expiresAt }) =>
        `Grant ${grantId}: ${formatUsd(usedNanos)} used of ${formatUsd(amountNanos)}, until ${expiresAt.slice(0, 16)} UTC.`,
    ),
  ].join("\n");
}

export function importTable(steps: ImportStep[]): string {
  return table(
    ["customer", "", "from and to", "key, shown this once"],
    steps.map(({ customerId, does, changes, key }) => [
      customerId,
      does,
      Object.entries(changes)
        .map(([field, { from, to }]) => `${field}: ${from ?? "none"} -> ${to ?? "none"}`)
        .join("\n"),
      key ?? "",
    ]),
  );
}

/** What was anonymised, and what an operator still has to remove elsewhere. */
export function deletedText(deleted: Deleted): string {
  const { customerId, anonymousId, calls, traceIds, firstCallAt, lastCallAt } = deleted;
  const lines = [
    `${customerId} is ${anonymousId} in the ledger now; its amounts and ${calls} calls are kept, its name, project, keys and conversations are gone.`,
  ];
  if (firstCallAt && lastCallAt) {
    lines.push(
      `Calls were made from ${day(firstCallAt)} to ${day(lastCallAt)}. What is left elsewhere, and how to remove it:`,
      `- Langfuse: ${traceIds.length} traces with the user id ${customerId}. Traces > filter User ID > select all > Delete,` +
        " or DELETE /api/public/traces with the ids that `--json` prints. Their retention ends 90 days after each call.",
      "- The traces' archive in Cloud Storage: one file a table and day, traces/<day>.parquet and the others. Rewrite the files of" +
        " those days without the rows of this user id, or let the bucket's lifecycle end them.",
      "- Logs: the lines with this customer_id end by themselves after the logs' retention; Loki's delete API" +
        ` ends them sooner: POST /loki/api/v1/delete?query={service=~".+"} | json | customer_id="${customerId}".`,
      "- Metrics and database backups name the customer too; both end with their retention.",
    );
  }
  return lines.join("\n");
}

function day(iso: string): string {
  return iso.slice(0, 10);
}
