import type { ClientBase } from "pg";
import { noteAttempt, takeEvents } from "./events";
import { DeliveryError, type Receiver } from "./receivers";

/** Events that are under way at a time. */
const BATCH = 20;

/**
 * Makes this connection the one that delivers, until it closes. One process at a time delivers, so that an event goes out once.
 *
 * @returns false while another one is it.
 */
export async function takeTurn(ledger: ClientBase): Promise<boolean> {
  // A lock of a session counts how often it was taken: taking it again does no harm.
  const { rows } = await ledger.query<{ mine: boolean }>(
    "select pg_try_advisory_lock(hashtext('ledger.deliver_events')) as mine",
  );
  return rows[0]!.mine;
}

/**
 * Delivers what is due to every receiver. An event counts as delivered when all have taken it; when one has not, all of them get it
 * again, with the same id.
 *
 * @returns how many were taken from the outbox: when there are none, wait a moment.
 */
export async function deliverDue(
  ledger: ClientBase,
  receivers: Receiver[],
  onFailure: (eventId: string, error: string) => void = () => {},
): Promise<number> {
  const events = await takeEvents(ledger, BATCH);
  const endings = await Promise.all(
    events.map(async (event) => {
      const results = await Promise.allSettled(receivers.map((receiver) => receiver.send(event)));
      const failed = results.flatMap((result, index) =>
        result.status === "rejected" ? [{ name: receivers[index]!.name, error: result.reason as Error }] : [],
      );
      if (failed.length === 0) return undefined;
      return {
        error: failed.map(({ name, error }) => `${name}: ${error.message}`).join("; "),
        gone: failed.every(({ error }) => error instanceof DeliveryError && error.gone),
      };
    }),
  );
  for (const [index, event] of events.entries()) {
    const failure = endings[index];
    if (failure) onFailure(event.eventId, failure.error);
    await noteAttempt(ledger, event, failure);
  }
  return events.length;
}
