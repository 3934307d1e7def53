import { z } from "zod";
import { addDays } from "../dates";
import { decimal } from "../money";
import { BASELINE_DAYS, findAnomalies } from "./anomalies";
import { periodInput, periodOutput, resolvePeriod } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

/** Days on which a service cost far more than it usually does, and what rose. */
export const listAnomalies = defineTool({
  name: "list-anomalies",
  title: "List cost anomalies",
  description:
    "Days on which a service cost at least half again as much as it usually does (the median of the two weeks before), and " +
    "the sku and project that rose most. Use it for spikes and for what looks wrong.",
  annotations: READS_CLOUD,
  input: z.object({
    ...periodInput("last_30_days"),
    limit: z.int().min(1).max(50).default(10).describe("Anomalies at most, largest first"),
  }),
  output: z.object({
    ...periodOutput,
    currency: z.string().describe("ISO 4217 code of every amount"),
    anomalies: z.array(
      z.object({
        service: z.string(),
        ...periodOutput,
        cost: z.string(),
        expected: z.string(),
        excess: z.string(),
        cause: z.object({ sku: z.string(), project: z.string(), excess: z.string() }),
      }),
    ),
  }),
  async execute({ limit, ...named }, { sources, now }) {
    const period = resolvePeriod(named, now());
    const { currency, rows } = await sources.spend({
      period: { from: addDays(period.from, -BASELINE_DAYS), to: period.to },
      groupBy: ["day", "service", "sku", "project"],
    });
    const anomalies = findAnomalies(rows, period).slice(0, limit);
    return {
      ...period,
      currency,
      anomalies: anomalies.map(({ costNanos, expectedNanos, cause, ...rest }) => ({
        ...rest,
        cost: decimal(costNanos),
        expected: decimal(expectedNanos),
        excess: decimal(costNanos - expectedNanos),
        cause: { sku: cause.sku, project: cause.project, excess: decimal(cause.excessNanos) },
      })),
    };
  },
});
