import { z } from "zod";
import { definitions, formatCents, formatUsd } from "../../litellm-config";
import { forecastOf } from "../ledger/ledger";
import { defineTool } from "./tool";

/** What is left of the customer's budget for conversations. */
export const getBudget = defineTool({
  name: "get-budget",
  title: "Get the conversation budget",
  description:
    "What this customer's conversations with the assistant have cost this month, and what is left of the plan's budget for " +
    "them (US dollars). It is not the Google Cloud bill: use get-spend for that.",
  annotations: { readOnlyHint: true, idempotentHint: true, openWorldHint: false },
  input: z.strictObject({}),
  output: z.object({
    plan_tier: z.string(),
    month: z.string().describe("The month in which this customer's budget month began, as 2026-11"),
    from: z.string().describe("First day of the budget month, as 2026-11-15"),
    until: z.string().describe("The day on which the budget starts anew, as 2026-12-15"),
    time_zone: z.literal("UTC").describe("Of the days: this budget is not Google's bill"),
    cap: z.string(),
    spent: z.string(),
    held: z.string().describe("Kept for calls that are running"),
    left: z.string(),
    used_percent: z.number(),
    calls: z.int(),
    forecast: z
      .object({
        expected: z
          .string()
          .describe("What the month is expected to cost, should the days to come be like those before"),
        low: z.string().describe("Four months of five end between low and high"),
        high: z.string(),
        runs_out_on: z
          .string()
          .nullable()
          .describe("The day on which the budget is used up; null: not this month"),
        based_on_days: z.int(),
      })
      .nullable()
      .describe("Null with less than three days of history"),
    session: z
      .object({ spent: z.string(), left: z.string(), calls: z.int(), calls_left: z.int() })
      .nullable()
      .describe("This conversation; null outside of one"),
  }),
  async execute(_, { customer, ledger, sessionId, now }) {
    const [usage, recent] = await Promise.all([
      ledger.usage(customer.customerId, sessionId),
      ledger.recentSpend(customer.customerId),
    ]);
    const month = forecastOf(usage, recent, now());
    const used = usage.spentNanos + usage.heldNanos;
    const { session } = usage;
    const sessionUsed = session.spentNanos + session.heldNanos;
    return {
      plan_tier: customer.tier,
      month: usage.month.slice(0, 7),
      from: usage.month,
      until: usage.monthEnd,
      time_zone: "UTC" as const,
      cap: formatUsd(usage.capNanos),
      spent: formatUsd(usage.spentNanos),
      held: formatUsd(usage.heldNanos),
      left: formatUsd(Math.max(0, usage.capNanos - used)),
      used_percent: Math.round((usage.spentNanos * 1_000) / usage.capNanos) / 10,
      calls: usage.calls,
      forecast: month && {
        expected: formatCents(month.expectedNanos),
        low: formatCents(month.lowNanos),
        high: formatCents(month.highNanos),
        runs_out_on: month.runsOutOn,
        based_on_days: month.basedOnDays,
      },
      session:
        sessionId === undefined
          ? null
          : {
              spent: formatUsd(session.spentNanos),
              left: formatUsd(Math.max(0, definitions.session.budget - sessionUsed)),
              calls: session.calls,
              calls_left: Math.max(0, definitions.session.calls - session.calls),
            },
    };
  },
});
