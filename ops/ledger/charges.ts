import type { ClientBase } from "pg";
import { definitions, type NanoDollars, type Provider } from "../../litellm-config";
import { inTransaction } from "./audit";

/** What one call cost, or all calls of a day that are alike. */
export interface Charge {
  /** When the call was reserved, or the last of them was. */
  at: Date;
  /** As "2026-11-24", by UTC's calendar. */
  day: string;
  /** Null where several calls are summed up. */
  callId: string | null;
  customerId: string;
  customerName: string;
  stripeCustomer: string | null;
  planTier: string;
  queryType: string;
  route: string;
  /** The model that answered; the route's first where none did. */
  model: string;
  /** False where no model answered: the call was cut off, and its bound may have been charged. */
  answered: boolean;
  provider: Provider;
  environment: string;
  calls: number;
  costNanos: NanoDollars;
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export type Grain = "call" | "day";

/** What the ledger booked in a month, and the sum of its calls. */
export interface MonthTotals {
  /** The daily totals of the month, and what customers' budget months hold apart from their calls, which must be nothing. */
  bookedNanos: NanoDollars;
  chargedNanos: NanoDollars;
  rows: number;
  /** Calls in flight: they are not in the charges yet. */
  pending: number;
}

const FETCH_ROWS = 5_000;

/**
 * Reads a month's charges in the order of time, as one snapshot: of the calls reserved in it by UTC's calendar, whatever budget
 * months its customers have.
 *
 * @param month As "2026-11".
 * @param take Gets them in batches.
 */
export function readCharges(
  ledger: ClientBase,
  month: string,
  grain: Grain,
  take: (charges: Charge[]) => void | Promise<void>,
): Promise<MonthTotals> {
  return inTransaction(ledger, async () => {
    await ledger.query("set transaction isolation level repeatable read, read only");
    const totals = { bookedNanos: 0, chargedNanos: 0, rows: 0, pending: 0 };
    await ledger.query(
      `declare charges no scroll cursor for ${SELECT[grain]}`.replaceAll("$1", `'${firstDay(month)}'`),
    );
    for (;;) {
      const { rows } = await ledger.query<Record<string, string> & { at: Date }>(
        `fetch ${FETCH_ROWS} from charges`,
      );
      if (rows.length === 0) break;
      const charges = rows.map(toCharge);
      totals.rows += charges.length;
      totals.chargedNanos = charges.reduce((sum, { costNanos }) => sum + costNanos, totals.chargedNanos);
      await take(charges);
    }
    const { rows } = await ledger.query<{ booked: string; pending: string }>(
      `select coalesce((select sum(cost_nanos) from ledger.customer_spend where day >= $1::date and day < $1::date + interval '1 month'), 0)
           + coalesce((select sum(spent_nanos) from ledger.customer_months where ${BUDGET_MONTHS}), 0)
           - coalesce((select sum(cost_nanos) from ledger.calls where ${BUDGET_MONTHS} and state = 'posted'), 0)
           - coalesce((select sum(cost_nanos) from ledger.archived_months where ${BUDGET_MONTHS}), 0) as booked,
         (select count(*) from ledger.calls where ${IN_MONTH} and state = 'pending') as pending`,
      [firstDay(month)],
    );
    return { ...totals, bookedNanos: Number(rows[0]!.booked), pending: Number(rows[0]!.pending) };
  });
}

/** The budget months that may have calls of a calendar month: they began in it, or in the one before. */
const BUDGET_MONTHS = `month >= $1::date - interval '1 month' and month < $1::date + interval '1 month'`;
const IN_MONTH = `${BUDGET_MONTHS} and reserved_at >= $1::timestamp at time zone 'UTC'
  and reserved_at < ($1::timestamp + interval '1 month') at time zone 'UTC'`;
const FROM = `
  from ledger.calls join ledger.customers using (customer_id)
  where ${IN_MONTH} and state = 'posted'`;
const ALIKE = `customer_id, name, stripe_customer, plan_tier, query_type, route, model_used, environment`;
const DAY = `to_char(reserved_at at time zone 'UTC', 'YYYY-MM-DD')`;

const SELECT: Record<Grain, string> = {
  call: `select reserved_at as at, ${DAY} as day, call_id, ${ALIKE}, 1 as calls, cost_nanos, prompt_tokens, cached_tokens,
      completion_tokens ${FROM} order by reserved_at, call_id`,
  day: `select max(reserved_at) as at, ${DAY} as day, null as call_id, ${ALIKE}, count(*) as calls, sum(cost_nanos) as cost_nanos,
      sum(prompt_tokens) as prompt_tokens, sum(cached_tokens) as cached_tokens, sum(completion_tokens) as completion_tokens
    ${FROM} group by ${DAY}, ${ALIKE} order by ${DAY}, ${ALIKE}`,
};

function firstDay(month: string): string {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new RangeError(`month (is "${month}"): use one such as 2026-11`);
  return `${month}-01`;
}

/** Whose model it is; our own server's where the definitions do not have it. */
export function providerOf(model: string): Provider {
  return definitions.models[model]?.provider ?? "self_hosted";
}

function toCharge(row: Record<string, string | null> & { at: Date }): Charge {
  const model = row.model_used ?? definitions.routes[row.route!]?.variants[0]?.model ?? "unknown";
  return {
    at: row.at,
    day: row.day!,
    callId: row.call_id!,
    customerId: row.customer_id!,
    customerName: row.name!,
    stripeCustomer: row.stripe_customer!,
    planTier: row.plan_tier!,
    queryType: row.query_type!,
    route: row.route!,
    model,
    answered: row.model_used !== null,
    provider: providerOf(model),
    environment: row.environment!,
    calls: Number(row.calls),
    costNanos: Number(row.cost_nanos),
    promptTokens: Number(row.prompt_tokens),
    cachedTokens: Number(row.cached_tokens),
    completionTokens: Number(row.completion_tokens),
  };
}
