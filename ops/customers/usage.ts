import type { ClientBase } from "pg";
import { forecast, type DaySpend, type Forecast } from "../../app/ledger/forecast";
import type { NanoDollars } from "../../litellm-config";
import { recentSpend } from "../ledger/spend";
import { unknown } from "./customer";

/** What a customer's conversations cost in its budget month, in nano-dollars. */
export interface Usage {
  customerId: string;
  name: string;
  tier: string;
  /** The month's first day, as 2026-11-01. */
  month: string;
  spentNanos: NanoDollars;
  /** Kept for calls that are running. */
  heldNanos: NanoDollars;
  capNanos: NanoDollars;
  calls: number;
  /** Null with less than three days of history. */
  forecast: Forecast | null;
}

/**
 * What was spent and is held this month, of every customer or of one, and what the month is expected to cost.
 *
 * @throws CustomerError when there is no customer of that id.
 */
export async function usageOf(ledger: ClientBase, customerId?: string): Promise<Usage[]> {
  const { rows } = await ledger.query<Record<string, string> & { now: Date; month_end: Date }>(
    `select u.customer_id, u.name, u.tier, to_char(u.month, 'YYYY-MM-DD') as month, spent_nanos, held_nanos, cap_nanos, calls,
       ledger.clock() as now, (u.month + interval '1 month') at time zone 'UTC' as month_end,
       to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD') as first_day
     from ledger.customer_usage u join ledger.customers c using (customer_id)
     where $1::text is null or u.customer_id = $1 order by u.customer_id`,
    [customerId],
  );
  if (rows.length === 0 && customerId !== undefined) unknown(customerId);
  const spend = await recentSpend(ledger, customerId);
  // Postgres sends bigint as text; these amounts stay far below 2^53.
  return rows.map((row) => {
    const [spentNanos, capNanos] = [Number(row.spent_nanos), Number(row.cap_nanos)];
    const days: DaySpend[] = spend.get(row.customer_id!) ?? [];
    return {
      customerId: row.customer_id!,
      name: row.name!,
      tier: row.tier!,
      month: row.month!,
      spentNanos,
      heldNanos: Number(row.held_nanos),
      capNanos,
      calls: Number(row.calls),
      forecast: forecast({
        days,
        firstDay: [row.first_day!, days[0]?.day ?? row.first_day!].sort()[0],
        now: row.now,
        monthEnd: row.month_end,
        spentNanos,
        capNanos,
      }),
    };
  });
}

/** Sums usage by tier and over all customers; the forecasts' ranges add up as independent ones do. */
export function totalsOf(
  usages: Usage[],
): {
  name: string;
  spentNanos: NanoDollars;
  forecast: Pick<Forecast, "expectedNanos" | "lowNanos" | "highNanos">;
}[] {
  const names = [...new Set(usages.map(({ tier }) => tier))].sort();
  const groups = [
    ...names.map((name) => [name, usages.filter(({ tier }) => tier === name)] as const),
    ["all", usages] as const,
  ];
  return groups.map(([name, group]) => {
    const sum = (of: (usage: Usage) => number) => group.reduce((total, usage) => total + of(usage), 0);
    const spentNanos = sum((usage) => usage.spentNanos);
    const expectedNanos = sum(({ forecast, spentNanos }) => forecast?.expectedNanos ?? spentNanos);
    const spread = Math.round(
      Math.sqrt(sum(({ forecast }) => (forecast ? (forecast.highNanos - forecast.expectedNanos) ** 2 : 0))),
    );
    return {
      name,
      spentNanos,
      forecast: {
        expectedNanos,
        lowNanos: Math.max(spentNanos, expectedNanos - spread),
        highNanos: expectedNanos + spread,
      },
    };
  });
}
