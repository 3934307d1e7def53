import { randomUUID } from "node:crypto";
import type { Client } from "pg";
import { definitions, usd } from "../../../litellm-config";
import { median } from "../statistics";

/** Milliseconds of one step: as its client sees it, and of it Postgres' own time (without the commit). */
export interface Step {
  roundTrip: number[];
  own: number[];
}

export interface Pairs {
  reserve: Step;
  settle: Step;
}

const RESERVE = "SELECT * FROM ledger.reserve($1)";
const SETTLE = "SELECT * FROM ledger.settle($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const percents = definitions.thresholds.map(({ percent }) => percent);
const actions = definitions.thresholds.map(({ action }) => action);

/** One round: `count` reservations with their settlements, each of another customer, a tenth of them in a new session. */
export async function measureRound(guard: Client, customers: number, count: number): Promise<Pairs> {
  const step = (): Step => ({ roundTrip: [], own: [] });
  const pairs = { reserve: step(), settle: step() };
  for (let n = 0; n < count; n++) {
    const callId = randomUUID();
    const customer = `cust_${String(Math.floor(Math.random() * customers)).padStart(6, "0")}`;
    const session = n % 10 === 0 ? `bench-${randomUUID()}` : `bench-${customer}`;
    // Every other pair reports its own time: EXPLAIN runs the statement, and adds its part to the round trip.
    const explained = n % 2 === 1;
    await run(guard, pairs.reserve, explained, RESERVE, [reservation(callId, customer, session)]);
    await run(guard, pairs.settle, explained, SETTLE, [
      callId,
      ...["posted", "success", 4_000_000, "claude-sonnet-5-5", 3_000, 1_000, 400, false],
      percents,
      actions,
    ]);
  }
  return pairs;
}

async function run(
  guard: Client,
  step: Step,
  explained: boolean,
  sql: string,
  values: unknown[],
): Promise<void> {
  const began = performance.now();
  if (!explained) {
    await guard.query({ name: sql.slice(0, 30), text: sql, values });
    step.roundTrip.push(performance.now() - began);
    return;
  }
  const { rows } = await guard.query(`EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) ${sql}`, values);
  step.own.push(rows[0]["QUERY PLAN"][0]["Execution Time"]);
}

function reservation(callId: string, customer: string, session: string): string {
  const tiers = Object.entries(definitions.tiers);
  return JSON.stringify({
    ...{
      call_id: callId,
      customer,
      session,
      query_type: "cost_analysis",
      gcp_project: "customer-project-id",
    },
    ...{ tools: ["bigquery_billing"], environment: "production", trace_id: callId.replaceAll("-", "") },
    ...{ model_asked: "analysis", routes: ["analysis", "economy"], prompt_nanos: [9_000_000, 900_000] },
    ...{
      token_nanos: [15_000, 1_500],
      max_tokens: [1_000, 1_000],
      prompt_tokens: 9_000,
      choices: 1,
      least_tokens: 16,
    },
    tiers: tiers.map(([tier]) => tier),
    // No cap is reached: a refusal is another, shorter way.
    caps: tiers.map(() => usd("1000000")),
    tier_plans: tiers.map(() => 2),
    ...{ session_cap: usd("1000000"), session_calls: 1_000_000, tokens_per_minute: 1_000_000_000 },
    ...{ percents, actions, lease_seconds: 300, final: true, exact: false, countable: false },
  });
}

/** Milliseconds of a query as its client sees it: the median of `times` runs, after one that warms up. */
export async function measureQuery(
  reader: Client,
  sql: string,
  values: unknown[],
  times = 5,
): Promise<number> {
  const took: number[] = [];
  for (let n = 0; n <= times; n++) {
    const began = performance.now();
    await reader.query(sql, values);
    if (n > 0) took.push(performance.now() - began);
  }
  return median(took);
}

/** Bytes of every table and index of the ledger. */
export async function bytesOf(owner: Client): Promise<Record<string, number>> {
  const { rows } = await owner.query<{ name: string; bytes: string }>(
    `SELECT regexp_replace(c.relname, '_\\d{4}_\\d{2}$', '') AS name, sum(pg_total_relation_size(c.oid)) AS bytes
     FROM pg_class c WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, Number(bytes)]));
}

/** Updates of the tables that a call touches, and how many of them stayed on their page, since the server began. */
export async function updatesOf(owner: Client): Promise<Record<string, { all: number; hot: number }>> {
  await owner.query("SELECT pg_stat_force_next_flush()");
  const { rows } = await owner.query<{ relname: string; all: string; hot: string }>(
    `SELECT relname, n_tup_upd AS all, n_tup_hot_upd AS hot FROM pg_stat_user_tables
     WHERE relname IN ('recent_calls', 'customer_months', 'sessions') ORDER BY relname`,
  );
  return Object.fromEntries(
    rows.map(({ relname, all, hot }) => [relname, { all: Number(all), hot: Number(hot) }]),
  );
}
