import { z } from "zod";
import { Coverage } from "../billing/coverage";
import { addDays, type Period } from "../dates";
import { decimal } from "../money";
import { BASELINE_DAYS, findAnomalies, judgedFrom } from "./anomalies";
import { currencyNote, dataOutput, describeData, nameOf } from "./billing-answer";
import { periodInput, periodOutput, resolvePeriod } from "./period";
import { defineTool, READS_CLOUD } from "./tool";

/** Days on which a service cost far more than it usually does, and what rose. */
export const listAnomalies = defineTool({
  name: "list-anomalies",
  title: "List cost anomalies",
  description:
    "Days on which a service's usage cost, before credits, at least half again as much as it usually does (the median of the " +
    "two weeks before), and the sku and project that rose most. Tax, corrections and days that are not finished are left out. " +
    "Use it for spikes and for what looks wrong.",
  annotations: READS_CLOUD,
  input: z.strictObject({
    ...periodInput("last_30_days"),
    limit: z.int().min(1).max(50).default(10).describe("Anomalies at most, largest first"),
  }),
  output: z.object({
    ...periodOutput,
    judged: z
      .object(periodOutput)
      .nullable()
      .describe("The days that could be checked; null when none could"),
    anomalies: z.array(
      z.object({
        service: z.string(),
        currency: z.string(),
        ...periodOutput,
        cost: z.string().describe("Before credits"),
        expected: z.string(),
        excess: z.string(),
        cause: z.object({ sku: z.string(), project: z.string(), excess: z.string() }),
      }),
    ),
    ...dataOutput,
  }),
  async execute({ limit, ...named }, { sources, now }) {
    const period = resolvePeriod(named, now());
    const extent = await sources.extent();
    const coverage = new Coverage(extent);
    const judged = judgedDays(period, coverage);
    const rows = judged
      ? await sources.spend({
          of: { days: { from: addDays(judged.from, -BASELINE_DAYS), to: judged.to } },
          groupBy: ["day", "service", "sku", "project"],
          usageOnly: true,
        })
      : [];
    const found = judged ? findAnomalies(rows, judged, coverage, extent.unitsPerDollar) : [];
    const anomalies = found.slice(0, limit);
    return {
      ...period,
      judged,
      anomalies: anomalies.map(({ cost, expected, cause, ...rest }) => ({
        ...rest,
        cost: decimal(cost),
        expected: decimal(expected),
        excess: decimal(cost - expected),
        cause: { ...cause, excess: decimal(cause.excess) },
      })),
      ...describeData(coverage, period, [...judgedNote(period, judged), ...currencyNote(anomalies)]),
    };
  },
});

/** The finished days of a period that enough days come before; null when there are none. */
function judgedDays(period: Period, coverage: Coverage): Period | null {
  const last = coverage.lastFinishedDay;
  if (last === null) return null;
  const judged = { from: judgedFrom(period, coverage), to: last < period.to ? last : period.to };
  return judged.from <= judged.to ? judged : null;
}

function judgedNote(period: Period, judged: Period | null): string[] {
  if (judged === null)
    return [
      `No day of ${nameOf(period)} can be checked: that needs finished days with a week of data before them.`,
    ];
  if (judged.from === period.from && judged.to === period.to) return [];
  return [
    `Only ${nameOf(judged)} could be checked: that needs finished days with a week of data before them.`,
  ];
}
