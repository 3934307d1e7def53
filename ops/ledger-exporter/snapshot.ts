import type { Pool, QueryResultRow } from "pg";
import { definitions, type ThresholdAction } from "../../litellm-config";
import {
  ACTIVITY,
  CONNECTIONS,
  CUSTOMERS_OVER_HALF,
  FLEET,
  HOLDS,
  MAX_CONNECTIONS,
  RUNAWAY_SESSIONS,
  TIERS,
} from "./sql";

/** bigint and numeric columns arrive as text: they may be larger than a number holds, though the ledger's are not. */
type Count = string;

/** The ledger's state at one moment; money in nano-dollars. */
export interface LedgerSnapshot {
  customers: {
    customer_id: string;
    tier: string;
    spent_nanos: Count;
    cap_nanos: Count;
    degraded: boolean;
    blocked: boolean;
  }[];
  runawaySessions: { customer_id: string; session_id: string; spent_nanos: Count; trace_id: string }[];
  tiers: { tier: string; price_nanos: Count; budget_nanos: Count; customers: Count; spent_nanos: Count }[];
  fleet: { day: Count; hour: Count };
  activity: { sessions: Count; customers: Count };
  holds: { pending: Count; held_nanos: Count; oldest_seconds: Count };
  /** Connections of each database, and how many the server takes. */
  server: { max: number; databases: { datname: string; numbackends: number }[] };
}

/**
 * Reads everything the exporter publishes in one read-only transaction, so that its numbers agree with each other.
 *
 * @throws what Postgres answers: away, refused, or a statement over the pool's `statement_timeout`.
 */
export async function readLedger(pool: Pool): Promise<LedgerSnapshot> {
  const client = await pool.connect();
  const rows = async <Row extends QueryResultRow>(sql: string, values: unknown[] = []) =>
    (await client.query<Row>(sql, values)).rows;
  let failure: Error | undefined;
  try {
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const snapshot: LedgerSnapshot = {
      customers: await rows(CUSTOMERS_OVER_HALF, [percentOf("degrade")]),
      runawaySessions: await rows(RUNAWAY_SESSIONS, [definitions.session.runawayAt]),
      tiers: await rows(TIERS),
      fleet: (await rows<LedgerSnapshot["fleet"]>(FLEET))[0]!,
      activity: (await rows<LedgerSnapshot["activity"]>(ACTIVITY))[0]!,
      holds: (await rows<LedgerSnapshot["holds"]>(HOLDS))[0]!,
      server: {
        max: (await rows<{ max: number }>(MAX_CONNECTIONS))[0]!.max,
        databases: await rows(CONNECTIONS),
      },
    };
    await client.query("COMMIT");
    return snapshot;
  } catch (error) {
    failure = error as Error;
    throw error;
  } finally {
    // A connection in a failed transaction, or one whose server is away, is closed rather than handed out again.
    client.release(failure);
  }
}

function percentOf(action: ThresholdAction): number {
  return definitions.thresholds.find((threshold) => threshold.action === action)!.percent;
}
