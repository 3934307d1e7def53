import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { definitions, usd, type NanoDollars } from "../../../litellm-config";
import { ledgerMigrations } from "../../../infra/ledger-migrations";
import { freePort } from "../../support/gateway/ports";
import { startPostgres, type RunningPostgres } from "../../../local/processes/postgres";

export interface TestLedger {
  postgres: RunningPostgres;
  /** Connected as `ledger_owner`, to write what a test needs. */
  owner: Client;
  stop(): Promise<void>;
}

/** A real Postgres on a free port with the guard's own migrations and the tiers of the definitions, in its own folder. */
export async function startLedger(): Promise<TestLedger> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-ledger-"));
  const port = await freePort();
  const postgres = await startPostgres({ port, dataDir: join(folder, "data"), logFile: join(folder, "log") });
  const owner = new Client(postgres.urls.ledger_owner);
  owner.on("error", () => undefined);
  const stop = async () => {
    await owner.end().catch(() => undefined);
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await owner.connect();
    await owner.query("CREATE SCHEMA ledger; SET check_function_bodies = off");
    for (const sql of Object.values(ledgerMigrations())) await owner.query(sql);
    for (const [tier, { price, monthlyBudget }] of Object.entries(definitions.tiers))
      await owner.query("INSERT INTO ledger.tiers VALUES ($1, $2, $3)", [tier, price, monthlyBudget]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { postgres, owner, stop };
}

/** A customer of tier_1 ($8 a month) and what the month so far cost. */
export async function addCustomer(owner: Client, id: string, spent: NanoDollars, held = 0): Promise<void> {
  await owner.query("INSERT INTO ledger.customers (customer_id, name, tier) VALUES ($1, $1, 'tier_1')", [id]);
  await owner.query(
    `INSERT INTO ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, held_nanos, updated_at)
     VALUES ($1, ledger.month_of(now()), 'tier_1', $2, $3, $4, now())`,
    [id, definitions.tiers.tier_1!.monthlyBudget, spent, held],
  );
}

/** A session, what it cost and how long ago its last call was. */
export async function addSession(
  owner: Client,
  customer: string,
  session: string,
  spent: NanoDollars,
  lastCall = "1 minute",
): Promise<void> {
  await owner.query(
    `INSERT INTO ledger.sessions (customer_id, session_id, spent_nanos, started_at, last_call_at)
     VALUES ($1, $2, $3, now() - interval '2 hours', now() - $4::interval)`,
    [customer, session, spent, lastCall],
  );
}

export interface CallInput {
  customer: string;
  session: string;
  decision?: "allowed" | "degraded";
  state?: "pending" | "posted";
  cost?: NanoDollars;
  held?: NanoDollars;
  /** How long ago it was reserved, as a Postgres interval. */
  ago?: string;
  model?: string | null;
  queryType?: string;
  cacheHit?: boolean;
  trace?: string;
}

/** A call of a session that exists; posted with a cost of one cent when nothing else is said. */
export async function addCall(owner: Client, call: CallInput): Promise<void> {
  const { state = "posted", ago = "1 minute", decision = "allowed" } = call;
  const posted = state === "posted";
  await owner.query(
    `INSERT INTO ledger.recent_calls (call_id, customer_id, month, session_id, plan_tier, query_type, tools_invoked, environment,
       route, model_asked, model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens,
       prompt_tokens, cached_tokens, completion_tokens, cache_hit, reserved_at, lease_until, settled_at, trace_id)
     VALUES (gen_random_uuid(), $1, ledger.month_of(now()), $2, 'tier_1', $13, '{}', 'local',
       'analysis', 'analysis', $3, $4, $5, $6, $7, $8, 1000, 2000,
       900, 100, 300, $9, now() - $10::interval, now() + interval '5 minutes', $11, $12)`,
    [
      call.customer,
      call.session,
      call.model === undefined ? "claude-sonnet-5-5" : call.model,
      decision,
      state,
      posted ? "success" : null,
      call.held ?? usd("0.02"),
      posted ? (call.cost ?? usd("0.01")) : null,
      call.cacheHit ?? false,
      ago,
      posted ? new Date() : null,
      call.trace ?? null,
      call.queryType ?? "cost_analysis",
    ],
  );
  await owner.query(
    `UPDATE ledger.customer_months SET last_call_at = now() - $2::interval, last_decision = $3
     WHERE customer_id = $1 AND coalesce(last_call_at < now() - $2::interval, true)`,
    [call.customer, ago, decision],
  );
  await owner.query(
    "UPDATE ledger.sessions SET last_trace_id = coalesce($3, last_trace_id) WHERE customer_id = $1 AND session_id = $2",
    [call.customer, call.session, call.trace ?? null],
  );
}

/** Writes that a customer crossed a threshold some time ago. */
export async function addCrossing(
  owner: Client,
  customer: string,
  percent: number,
  ago: string,
): Promise<void> {
  const { action } = definitions.thresholds.find((threshold) => threshold.percent === percent)!;
  await owner.query(
    `INSERT INTO ledger.crossings (customer_id, month, percent, action, crossed_at, spent_nanos, cap_nanos)
     SELECT $1, month, $2, $3, now() - $4::interval, spent_nanos, cap_nanos FROM ledger.customer_usage WHERE customer_id = $1`,
    [customer, percent, action, ago],
  );
}

/** Writes that a call was refused some time ago. */
export async function addRefusal(
  owner: Client,
  customer: string,
  reason: string,
  ago: string,
): Promise<void> {
  await owner.query(
    `INSERT INTO ledger.refusals (at, customer_id, session_id, month, reason, route, query_type)
     VALUES (now() - $3::interval, $1, 's', ledger.month_of(now()), $2, 'analysis', 'cost_analysis')`,
    [customer, reason, ago],
  );
  if (reason === "month_budget") {
    await owner.query(
      "UPDATE ledger.customer_months SET blocked_at = now() - $2::interval WHERE customer_id = $1",
      [customer, ago],
    );
  }
}
