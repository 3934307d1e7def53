import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { agentPool } from "../ledger/pool";
import {
  IDLE_MS,
  MAX_TURNS,
  type EndedConversation,
  type OpenConversation,
  type Store,
  type Turn,
} from "./store";

/** How long a question holds its conversation without a sign of life, how often it gives one, how often others look. */
const LEASE_SECONDS = 60;
const RENEW_MS = 20_000;
const POLL_MS = 150;
/** Conversations that one customer may have; the ones unused for longest make room. */
const PER_CUSTOMER = 100;

const IDLE = `interval '${IDLE_MS} milliseconds'`;
const LEASE = `now() + interval '${LEASE_SECONDS} seconds'`;
const IS_FREE = "(busy_until IS NULL OR busy_until < now())";

const OPEN = `
  INSERT INTO ledger.conversations AS c (customer_id, session_id, turns, busy_by, busy_until)
  VALUES ($1, $2, 1, $3, ${LEASE})
  ON CONFLICT (customer_id, session_id) DO UPDATE
  SET turns = c.turns + 1, used_at = now(), busy_by = excluded.busy_by, busy_until = excluded.busy_until
  WHERE c.busy_until IS NULL OR c.busy_until < now()
  RETURNING turns, llm_calls, (xmax = 0) AS is_new`;
const HISTORY = `
  SELECT question, answer FROM ledger.conversation_turns WHERE customer_id = $1 AND session_id = $2 ORDER BY turn`;
const RENEW = `
  UPDATE ledger.conversations SET busy_until = ${LEASE} WHERE customer_id = $1 AND session_id = $2 AND busy_by = $3`;
const FINISH = `
  WITH mine AS (
    UPDATE ledger.conversations
    SET busy_by = NULL, busy_until = NULL, used_at = now(), llm_calls = llm_calls + $4
    WHERE customer_id = $1 AND session_id = $2 AND busy_by = $3
    RETURNING turns
  ), forgotten AS (
    DELETE FROM ledger.conversation_turns t USING mine
    WHERE t.customer_id = $1 AND t.session_id = $2 AND t.turn <= mine.turns - ${MAX_TURNS}
  )
  INSERT INTO ledger.conversation_turns (customer_id, session_id, turn, question, answer)
  SELECT $1, $2, turns, $5, $6 FROM mine WHERE $5::text IS NOT NULL`;
const MAKE_ROOM = `
  DELETE FROM ledger.conversations WHERE customer_id = $1 AND ${IS_FREE} AND session_id IN (
    SELECT session_id FROM ledger.conversations WHERE customer_id = $1 ORDER BY used_at DESC OFFSET ${PER_CUSTOMER})`;
const END = `
  DELETE FROM ledger.conversations WHERE customer_id = $1 AND session_id = $2
  RETURNING customer_id, session_id, turns, llm_calls`;
const EXPIRE = `
  DELETE FROM ledger.conversations WHERE used_at < now() - ${IDLE} AND ${IS_FREE}
  RETURNING customer_id, session_id, turns, llm_calls`;

/**
 * The store in the ledger's database, as `ledger_agent`.
 *
 * @param onError called with errors of idle connections; the pool replaces them.
 */
export function postgresStore(url: string, onError: (error: Error) => void): Store {
  const pool = agentPool(url, "tollgate-agent-store", onError);
  const renewals = new Set<NodeJS.Timeout>();

  async function expire(): Promise<EndedConversation[]> {
    const { rows } = await pool.query(EXPIRE);
    await pool.query(`DELETE FROM ledger.mcp_sessions WHERE used_at < now() - ${IDLE}`);
    await pool.query(`DELETE FROM ledger.mcp_answers WHERE at < now() - ${IDLE}`);
    return rows.map(readEnded);
  }

  return {
    async open(customerId, sessionId, signal): Promise<OpenConversation> {
      const key = [customerId, sessionId, randomUUID()];
      let opened = (await pool.query(OPEN, key)).rows[0];
      while (!opened) {
        await sleep(POLL_MS, undefined, { signal });
        opened = (await pool.query(OPEN, key)).rows[0];
      }
      if (opened.is_new) await pool.query(MAKE_ROOM, [customerId]);
      const { rows: history } = await pool.query<Turn>(HISTORY, [customerId, sessionId]);
      const renew = setInterval(() => void pool.query(RENEW, key).catch(onError), RENEW_MS);
      renewals.add(renew);
      return {
        turns: opened.turns,
        llmCalls: opened.llm_calls,
        history,
        isNew: opened.is_new,
        async finish(llmCalls, turn) {
          clearInterval(renew);
          renewals.delete(renew);
          await pool.query(FINISH, [...key, llmCalls, turn?.question ?? null, turn?.answer ?? null]);
        },
      };
    },
    async end(customerId, sessionId) {
      const { rows } = await pool.query(END, [customerId, sessionId]);
      return rows[0] && readEnded(rows[0]);
    },
    expire,
    async saveMcpSession(customerId, sessionId, initialize) {
      await pool.query(
        "INSERT INTO ledger.mcp_sessions (customer_id, session_id, initialize) VALUES ($1, $2, $3)",
        [customerId, sessionId, JSON.stringify(initialize)],
      );
    },
    async mcpSession(customerId, sessionId) {
      const { rows } = await pool.query(
        `UPDATE ledger.mcp_sessions SET used_at = now()
         WHERE customer_id = $1 AND session_id = $2 AND used_at > now() - ${IDLE} RETURNING initialize`,
        [customerId, sessionId],
      );
      return rows[0]?.initialize;
    },
    async endMcpSession(customerId, sessionId) {
      await pool.query("DELETE FROM ledger.mcp_sessions WHERE customer_id = $1 AND session_id = $2", [
        customerId,
        sessionId,
      ]);
    },
    async saveAnswer(customerId, streamId, event, message) {
      await pool.query(
        "INSERT INTO ledger.mcp_answers (stream_id, event, customer_id, message) VALUES ($1, $2, $3, $4)",
        [streamId, event, customerId, JSON.stringify(message)],
      );
    },
    async answersAfter(customerId, streamId, event) {
      const { rows } = await pool.query(
        `SELECT event, message FROM ledger.mcp_answers
         WHERE stream_id = $1 AND customer_id = $2 AND event > $3 ORDER BY event`,
        [streamId, customerId, event],
      );
      return rows;
    },
    async close() {
      // A question that is cut off keeps its conversation until its lease runs out.
      for (const renew of renewals) clearInterval(renew);
      await pool.end();
    },
  };
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a row as the driver gives it
function readEnded(row: any): EndedConversation {
  return {
    customerId: row.customer_id,
    sessionId: row.session_id,
    turns: row.turns,
    llmCalls: row.llm_calls,
  };
}
