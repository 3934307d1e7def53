import type { Client } from "pg";
import type { NanoDollars } from "../../litellm-config";

/** A call as the ledger's row has it. */
export interface Call {
  route: string;
  model: string | null;
  decision: string;
  state: string;
  promptTokens: number | null;
  completionTokens: number | null;
  cacheHit: boolean;
  costNanos: NanoDollars | null;
}

/** An account's row and the sum of its calls, which must be equal. */
export interface Balance {
  spentNanos: NanoDollars;
  heldNanos: NanoDollars;
  capNanos: NanoDollars;
  sumOfCalls: NanoDollars;
  pending: number;
}

/** A session's calls in their order. */
export async function callsOf(client: Client, customerId: string, sessionId: string): Promise<Call[]> {
  const { rows } = await client.query<Record<string, string> & { cache_hit: boolean }>(
    `select route, model_used, decision, state, prompt_tokens, completion_tokens, cache_hit, cost_nanos
     from ledger.calls where customer_id = $1 and session_id = $2 order by reserved_at`,
    [customerId, sessionId],
  );
  const number = (text: string | null | undefined) =>
    text === null || text === undefined ? null : Number(text);
  return rows.map((row) => ({
    route: row.route!,
    model: row.model_used ?? null,
    decision: row.decision!,
    state: row.state!,
    promptTokens: number(row.prompt_tokens),
    completionTokens: number(row.completion_tokens),
    cacheHit: row.cache_hit,
    costNanos: number(row.cost_nanos),
  }));
}

/** The running budget month of a customer, or one of its sessions. */
export async function balanceOf(client: Client, customerId: string, sessionId?: string): Promise<Balance> {
  const account = sessionId
    ? "select spent_nanos, held_nanos, 0 as cap_nanos from ledger.sessions where customer_id = $1 and session_id = $2"
    : `select spent_nanos, held_nanos, cap_nanos from ledger.customer_usage where customer_id = $1 and $2::text is null`;
  const { rows } = await client.query<Record<string, string>>(
    `select a.spent_nanos, a.held_nanos, a.cap_nanos,
       coalesce(sum(c.cost_nanos), 0) as sum, count(*) filter (where c.state = 'pending') as pending
     from (${account}) a left join ledger.calls c on c.customer_id = $1
       and ($2::text is null and c.month = (select month from ledger.customer_usage where customer_id = $1) or c.session_id = $2)
     group by 1, 2, 3`,
    [customerId, sessionId],
  );
  const [row] = rows;
  if (!row) throw new Error(`The ledger has no account of ${sessionId ?? customerId}`);
  return {
    spentNanos: Number(row.spent_nanos),
    heldNanos: Number(row.held_nanos),
    capNanos: Number(row.cap_nanos),
    sumOfCalls: Number(row.sum),
    pending: Number(row.pending),
  };
}
