import type { ClientBase } from "pg";
import { inTransaction, record, type Change } from "../ledger/audit";

/** An event, as receivers get it. */
export interface TollgateEvent {
  eventId: string;
  /** ISO 8601. */
  at: string;
  /** `budget.crossed`, `grant.used`, `brake.on`, `brake.off`. */
  type: string;
  customerId: string | null;
  data: object;
}

export type DeliveryState = "waiting" | "delivered" | "dead";

/** An event with what became of it. */
export interface DeliveredEvent extends TollgateEvent {
  state: DeliveryState;
  attempts: number;
  lastError: string | null;
}

/**
 * Seconds after each failed attempt until the next one, as Standard Webhooks advises: about three days in all. After the last
 * the event is dead: kept, and replayed only when an operator says so.
 */
const BACKOFF_SECONDS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

const STATE = `case when delivered_at is not null then 'delivered' when next_attempt_at is null then 'dead' else 'waiting' end`;
const COLUMNS = `event_id as "eventId", at, type, customer_id as "customerId", data`;

/** The newest events first. */
export async function listEvents(
  ledger: ClientBase,
  { state, limit }: { state?: DeliveryState; limit: number },
): Promise<DeliveredEvent[]> {
  const { rows } = await ledger.query<Omit<DeliveredEvent, "at"> & { at: Date }>(
    `select ${COLUMNS}, ${STATE} as state, attempts, last_error as "lastError" from ledger.events
     where $1::text is null or ${STATE} = $1 order by at desc, event_id limit $2`,
    [state, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Makes events due again, those that were delivered too. @param ids undefined: every dead one. @returns how many. */
export function replayEvents(ledger: ClientBase, ids: string[] | undefined, by: Change): Promise<number> {
  return inTransaction(ledger, async () => {
    const { rows } = await ledger.query<{ event_id: string }>(
      `update ledger.events set next_attempt_at = now(), delivered_at = null, attempts = 0, last_error = null
       where case when $1::uuid[] is null then ${STATE} = 'dead' else event_id = any($1) end returning event_id`,
      [ids],
    );
    if (rows.length > 0) await record(ledger, by, "events.replay", { after: { events: rows.length } });
    return rows.length;
  });
}

/** Takes events that are due; no other process gets them for a minute. */
export async function takeEvents(
  ledger: ClientBase,
  limit: number,
): Promise<(TollgateEvent & { attempts: number })[]> {
  const { rows } = await ledger.query<Omit<TollgateEvent, "at"> & { at: Date; attempts: number }>(
    `select ${COLUMNS}, attempts from ledger.take_events($1)`,
    [limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/**
 * Writes how an attempt ended.
 *
 * @param failure absent: it was delivered.
 * @param gone The receiver wants no more of them.
 */
export async function noteAttempt(
  ledger: ClientBase,
  { eventId, attempts }: { eventId: string; attempts: number },
  failure?: { error: string; gone: boolean },
): Promise<void> {
  if (!failure) {
    await ledger.query(
      "update ledger.events set delivered_at = now(), next_attempt_at = null, last_error = null where event_id = $1",
      [eventId],
    );
    return;
  }
  const wait = failure.gone ? undefined : BACKOFF_SECONDS[attempts - 1];
  await ledger.query(
    `update ledger.events set last_error = $2, next_attempt_at = now() + make_interval(secs => $3::float)
     where event_id = $1`,
    [eventId, failure.error.slice(0, 500), wait ?? null],
  );
}
