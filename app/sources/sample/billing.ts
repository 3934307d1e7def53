import type { NanoDollars } from "../../../litellm-config";
import { addDays, daysOf, type Day } from "../../dates";
import type { BillingSource, SpendQuery, SpendRow } from "../source";
import { BILL, type BillLine } from "./lines";
import { SPIKE, spikeDays } from "./planted";

const HISTORY_DAYS = 400;
const NANOS_PER_CENT = 10_000_000;

/**
 * The sample bill as seen from `today`: the same every time for the same day. It ends yesterday, as a real billing export
 * does, and reaches 400 days back.
 */
export function sampleBilling(today: () => Day): BillingSource {
  return {
    spend({ period, groupBy, service, project }: SpendQuery) {
      const first = addDays(today(), -HISTORY_DAYS);
      const days = daysOf(period).filter((day) => day >= first && day < today());
      const spike = new Set(spikeDays(today()));
      const groups = new Map<string, SpendRow>();
      for (const line of BILL) {
        if (service !== undefined && line.service !== service) continue;
        if (project !== undefined && line.project !== project) continue;
        for (const day of days) {
          const dimensions = Object.fromEntries(
            groupBy.map((name) => [name, name === "day" ? day : line[name]]),
          );
          const key = JSON.stringify(dimensions);
          const row = groups.get(key) ?? { ...dimensions, costNanos: 0 };
          row.costNanos += costOf(line, day, spike);
          groups.set(key, row);
        }
      }
      return Promise.resolve({ currency: "USD", rows: [...groups.values()] });
    },
  };
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
