import type { NanoDollars } from "../../litellm-config";
import type { Ledger } from "../ledger/ledger";
import { readUntil } from "../read-until";

/** Milliseconds before each further look: the gateway settles a call right after its answer, and again while the ledger is away. */
const PAUSES_MS = [20, 80, 200, 500, 1_000];

/** The longest that `readCost` waits for calls to be settled, in milliseconds. */
export const LONGEST_WAIT_MS = PAUSES_MS.reduce((sum, pause) => sum + pause);

/**
 * What a question's calls were charged.
 *
 * @param callIds the ledger's ids; null for a call whose id is not known.
 * @returns nano-dollars; null when a call has no id, or is not settled in time.
 * @throws when the ledger cannot be read.
 */
export async function readCost(
  ledger: Pick<Ledger, "costOf">,
  { customerId, sessionId }: { customerId: string; sessionId: string },
  callIds: readonly (string | null)[],
): Promise<NanoDollars | null> {
  const known = callIds.filter((id) => id !== null);
  if (known.length < callIds.length) return null;
  if (known.length === 0) return 0;
  return readUntil(
    () => ledger.costOf(customerId, sessionId, known),
    (cost) => cost !== null,
    PAUSES_MS,
  );
}
