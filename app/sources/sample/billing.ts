import type { NanoDollars } from "../../../litellm-config";
import { readRow, spendOfLines, type ExportRow, type Line } from "../../billing/export-row";
import { addDays, daysOf, dayOf, firstOfMonth, startOf, type Day, type Period } from "../../dates";
import type { BillingSource, SpendQuery } from "../source";
import { BILL, type BillLine } from "./lines";
import { SPIKE, spikeDays } from "./seeded";

const HISTORY_DAYS = 400;
const NANOS_PER_CENT = 10_000_000;

/**
 * The sample bill as seen from `now`: the same every time for the same day. It ends yesterday, was exported just now, and
 * reaches 400 days back.
 */
export function sampleBilling(now: () => Date): BillingSource {
  const today = () => dayOf(now());
  const first = () => addDays(today(), -HISTORY_DAYS);
  return {
    spend(query) {
      const { from, to } = daysAsked(query.of);
      const days = daysOf({ from, to }).filter((day) => day >= first() && day < today());
      return Promise.resolve(spendOfLines(linesOf(days, today()), query));
    },
    extent: () =>
      Promise.resolve({
        firstUsage: startOf(first()),
        newestExport: now(),
        unitsPerDollar: new Map([["USD", 1]]),
      }),
  };
}

/** The sample's usage is on the invoice of the month of use. */
function daysAsked(of: SpendQuery["of"]): Period {
  if ("days" in of) return of.days;
  const { first, last } = of.invoices;
  return { from: `${first}-01`, to: addDays(firstOfMonth(`${last}-01`, 1), -1) };
}

/** The lines of some days, as read from a billing export. */
function* linesOf(days: readonly Day[], today: Day): Generator<Line> {
  const spike = new Set(spikeDays(today));
  for (const day of days) {
    const start = startOf(day).toISOString();
    for (const line of BILL) {
      const row: ExportRow = {
        service: { description: line.service },
        sku: { description: line.sku },
        project: { id: line.project },
        usage_start_time: start,
        export_time: startOf(addDays(day, 1)).toISOString(),
        cost: costOf(line, day, spike) / 1e9,
        currency: "USD",
        currency_conversion_rate: 1,
        credits: [],
        invoice: { month: day.slice(0, 7).replace("-", "") },
        cost_type: "regular",
      };
      yield readRow(row);
    }
  }
}

function costOf(line: BillLine, day: Day, spike: ReadonlySet<Day>): NanoDollars {
  const weekend = [0, 6].includes(new Date(day).getUTCDay());
  const percent = (line.followsVisitors && weekend ? 80 : 100) + wobble(`${line.sku}/${line.project}/${day}`);
  const usual = Math.round((line.perDayNanos * percent) / 100 / NANOS_PER_CENT) * NANOS_PER_CENT;
  const isSpike = line.sku === SPIKE.sku && line.project === SPIKE.project && spike.has(day);
  return usual + (isSpike ? SPIKE.extraPerDayNanos : 0);
}

/** -3 to 3, the same for the same text (FNV-1a). */
function wobble(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return (hash % 7) - 3;
}
