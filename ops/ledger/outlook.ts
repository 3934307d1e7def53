import type { ClientBase } from "pg";
import { forecast, FORECAST_DAYS, type DaySpend, type Forecast } from "../../app/ledger/forecast";
import type { NanoDollars } from "../../litellm-config";

/** What a customer's conversations cost in its budget month, in nano-dollars. */
export interface Usage {
  customerId: string;
  name: string;
  tier: string;
  /** The budget month's first day, as 2026-11-15, and the first day after it (UTC). */
  month: string;
  monthEnd: string;
  spentNanos: NanoDollars;
  /** Kept for calls that are running. */
  heldNanos: NanoDollars;
  capNanos: NanoDollars;
  calls: number;
  /** Null with less than three days of history. */
  forecast: Forecast | null;
}

/** Spend and forecast of the running budget months of a tier, or of all customers (`all`). */
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
    (select ledger.clock()) as now, to_char(u.month_end, 'YYYY-MM-DD') as month_end,
    to_char(c.created_at at time zone 'UTC', 'YYYY-MM-DD') as first_day
  from ledger.customer_usage u join ledger.customers c using (customer_id)
  where $1::text is null or u.customer_id = $1 order by u.customer_id`;

const SPEND = `
  select customer_id, to_char(day, 'YYYY-MM-DD') as day, spent_nanos
  from ledger.daily_spend((ledger.clock() at time zone 'UTC')::date - ${FORECAST_DAYS}, $1)`;

type UsageRow = Record<
  | "customer_id"
  | "name"
  | "tier"
  | "month"
  | "month_end"
  | "first_day"
  | "spent_nanos"
  | "held_nanos"
  | "cap_nanos"
  | "calls",
  string
> & { now: Date };

/**
 * What is spent and held of the running budget months, and what they are expected to cost, of every customer or of one, and of
 * each tier.
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
  /** Of customers whose budget months end on the same day. */
  const outlookOf = (customers: UsageRow[]): Forecast | null => {
    const first = customers[0]!;
    return forecast({
      days: spendOf(customers),
      firstDay: customers.map(({ first_day }) => first_day).sort()[0],
      now: first.now,
      monthEnd: new Date(first.month_end),
      spentNanos: spentBy(customers),
      capNanos: customers.reduce((sum, { cap_nanos }) => sum + Number(cap_nanos), 0),
    });
  };
  const total = (name: string, customers: UsageRow[]): Total => ({
    name,
    spentNanos: spentBy(customers),
    forecast: together(
      [...new Set(customers.map(({ month_end }) => month_end))].map((end) => {
        const alike = customers.filter(({ month_end }) => month_end === end);
        return { spentNanos: spentBy(alike), forecast: outlookOf(alike) };
      }),
    ),
  });
  return {
    customers: rows.map((row) => ({
      customerId: row.customer_id,
      name: row.name,
      tier: row.tier,
      month: row.month,
      monthEnd: row.month_end,
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

/** Postgres sends bigint as text; these amounts stay far below 2^53. */
function spentBy(customers: UsageRow[]): NanoDollars {
  return customers.reduce((sum, { spent_nanos }) => sum + Number(spent_nanos), 0);
}

/** The sum of forecasts, as if they were independent; those that are not known yet count as what is spent. */
function together(parts: { spentNanos: NanoDollars; forecast: Forecast | null }[]): Forecast | null {
  const known = parts.flatMap(({ forecast }) => forecast ?? []);
  if (known.length < 2 && parts.length < 2) return known[0] ?? null;
  if (known.length === 0) return null;
  const expectedNanos = parts.reduce(
    (sum, { spentNanos, forecast }) => sum + (forecast?.expectedNanos ?? spentNanos),
    0,
  );
  const distance = (of: (forecast: Forecast) => NanoDollars) => Math.round(Math.hypot(...known.map(of)));
  return {
    expectedNanos,
    lowNanos: expectedNanos - distance(({ expectedNanos, lowNanos }) => expectedNanos - lowNanos),
    highNanos: expectedNanos + distance(({ expectedNanos, highNanos }) => highNanos - expectedNanos),
    // Months that end on different days have no such day in common.
    runsOutOn: null,
    basedOnDays: Math.max(...known.map(({ basedOnDays }) => basedOnDays)),
  };
}
