import type { ClientBase } from "pg";
import type { DaySpend } from "../../app/ledger/forecast";
import { FORECAST_DAYS } from "../../app/ledger/forecast";

/** Spend by day of the days that a forecast looks at, by customer. @param customerId one customer only. */
export async function recentSpend(ledger: ClientBase, customerId?: string): Promise<Map<string, DaySpend[]>> {
  const { rows } = await ledger.query<{ customer_id: string; day: string; nanos: string }>(
    `select customer_id, to_char(day, 'YYYY-MM-DD') as day, sum(spent_nanos) as nanos
     from ledger.daily_spend((ledger.clock() at time zone 'UTC')::date - $2::int, $1) group by 1, 2 order by 2`,
    [customerId, FORECAST_DAYS],
  );
  const byCustomer = new Map<string, DaySpend[]>();
  for (const { customer_id, day, nanos } of rows) {
    const days = byCustomer.get(customer_id) ?? [];
    byCustomer.set(customer_id, [...days, { day, nanos: Number(nanos) }]);
  }
  return byCustomer;
}
