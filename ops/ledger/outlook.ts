import type { ClientBase } from "pg";
import { forecast, FORECAST_DAYS, type DaySpend, type Forecast } from "../../app/ledger/forecast";
import type { NanoDollars } from "../../litellm-config";

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

/** Spend and forecast of a tier, or of all customers (`all`). */
export interface Total {
  name: string;
  spentNanos: NanoDollars;
  forecast: Forecast | null;
}

export interface Outlook {
  customers: Usage[];
  totals: Total[];
}

const USAGE = `
  select u.customer_id, u.name, u.tier, to_char(u.month, 'YYYY-MM-DD') as month, spent_nanos, held_nanos, cap_nanos, calls,
    ledger.clock() as now, (u.month + interval '1 month') at time zone 'UTC' as month_end,
    to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD') as first_day
  from ledger.customer_usage u join ledger.customers c using (customer_id)
  where $1::text is null or u.customer_id = $1 order by u.customer_id`;

const SPEND = `
  select customer_id, to_char(day, 'YYYY-MM-DD') as day, spent_nanos
  from ledger.daily_spend((ledger.clock() at time zone 'UTC')::date - ${FORECAST_DAYS}, $1)`;

type UsageRow = Record<"customer_id" | "name" | "tier" | "month" | "first_day", string> &
  Record<"spent_nanos" | "held_nanos" | "cap_nanos" | "calls", string> & { now: Date; month_end: Date };

/**
 * What is spent and held this month, and what the month is expected to cost, of every customer or of one, and of each tier.
 *
 * @param customerId one customer only; no customers when there is none of that id.
 */
export async function readOutlook(ledger: ClientBase, customerId?: string): Promise<Outlook> {
  const { rows } = await ledger.query<UsageRow>(USAGE, [customerId]);
  const { rows: spend } = await ledger.query<{ customer_id: string; day: string; spent_nanos: string }>(
    SPEND,
    [customerId],
  );
  const days = new Map<string, typeof spend>();
  for (const row of spend) days.set(row.customer_id, [...(days.get(row.customer_id) ?? []), row]);
  const spendOf = (customers: UsageRow[]): DaySpend[] => {
    const byDay = new Map<string, NanoDollars>();
    for (const { customer_id } of customers) {
      for (const { day, spent_nanos } of days.get(customer_id) ?? []) {
        byDay.set(day, (byDay.get(day) ?? 0) + Number(spent_nanos));
      }
    }
    return [...byDay].map(([day, nanos]) => ({ day, nanos }));
  };
  const outlookOf = (customers: UsageRow[]): Forecast | null => {
    const [first] = customers;
    if (!first) return null;
    // Postgres sends bigint as text; these amounts stay far below 2^53.
    const sum = (column: "spent_nanos" | "cap_nanos") =>
      customers.reduce((total, row) => total + Number(row[column]), 0);
    return forecast({
      days: spendOf(customers),
      firstDay: customers.map(({ first_day }) => first_day).sort()[0],
      now: first.now,
      monthEnd: first.month_end,
      spentNanos: sum("spent_nanos"),
      capNanos: sum("cap_nanos"),
    });
  };
  const total = (name: string, customers: UsageRow[]): Total => ({
    name,
    spentNanos: customers.reduce((sum, { spent_nanos }) => sum + Number(spent_nanos), 0),
    forecast: outlookOf(customers),
  });
  return {
    customers: rows.map((row) => ({
      customerId: row.customer_id,
      name: row.name,
      tier: row.tier,
      month: row.month,
      spentNanos: Number(row.spent_nanos),
      heldNanos: Number(row.held_nanos),
      capNanos: Number(row.cap_nanos),
      calls: Number(row.calls),
      forecast: outlookOf([row]),
    })),
    totals: [
      ...[...new Set(rows.map(({ tier }) => tier))].sort().map((tier) =>
        total(
          tier,
          rows.filter((row) => row.tier === tier),
        ),
      ),
      total("all", rows),
    ],
  };
}
