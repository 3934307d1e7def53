import { hashKey } from "../ledger/key";
import type { Customer, Ledger } from "../ledger/ledger";
import type { Telemetry } from "../telemetry";
import type { ReadToken } from "./oauth";

/** How long a key's customer is remembered: as long as a disabled customer may still get in. */
const KNOWN_FOR_MS = 30_000;
/** How long an unknown key is remembered: it spares the ledger a client that keeps trying. */
const UNKNOWN_FOR_MS = 5_000;
const MAX_REMEMBERED = 10_000;

/** Rejections a minute that are logged one by one; of more, every hundredth. */
const LOGGED_ONE_BY_ONE = 20;
/** Wrong keys a minute from one address; then only keys that are known already get in from there. */
const WRONG_KEYS_A_MINUTE = 60;

/** Why a request is turned away: the `reason` of `auth.rejected` in the log. */
export type Rejection = "no_key" | "malformed" | "unknown_key" | "disabled" | "throttled";
export type Verdict = { customer: Customer } | { rejected: Rejection };

/** What a request says of where it comes from. */
export interface Presented {
  authorization: string | undefined;
  /** The client's network address. */
  address: string;
}

/** Finds who a request is from. @throws when the ledger cannot be asked: answer 503. */
export type Authenticate = (presented: Presented) => Promise<Verdict>;

/**
 * Looks bearer keys up in the ledger by their SHA-256, and remembers the answer for a short while.
 *
 * @param readToken reads the access tokens of the stack's OAuth issuer, where it has one.
 */
export function createAuthenticate(
  ledger: Ledger,
  { log, metrics }: Telemetry,
  readToken?: ReadToken,
): Authenticate {
  const remembered = new Map<string, { customer: Customer | undefined; until: number }>();
  const perMinute = { minute: 0, rejected: 0, wrongKeys: new Map<string, number>() };

  /** A key's customer, when it was looked up a short while ago. */
  function recall(id: string): Customer | undefined | null {
    const known = remembered.get(id);
    return known && known.until > Date.now() ? known.customer : null;
  }

  async function lookUp(key: string, hash: Buffer, id: string): Promise<Customer | undefined> {
    const isToken = readToken !== undefined && key.split(".").length === 3;
    const customerId = isToken ? await readToken(key) : undefined;
    const customer = isToken
      ? customerId && (await ledger.customerById(customerId))
      : await ledger.customerByKeyHash(hash);
    remembered.delete(id);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    const found = customer || undefined;
    remembered.set(id, { customer: found, until: Date.now() + (found ? KNOWN_FOR_MS : UNKNOWN_FOR_MS) });
    if (found && !found.disabled) {
      const fields = { customer_id: found.customerId, plan_tier: found.tier };
      log.info({ event: "auth.accepted", ...fields }, "customer authenticated");
    }
    return found;
  }

  function reject(reason: Rejection, address: string, customer?: Customer): Verdict {
    metrics.requests.inc({ method: "none", outcome: "unauthorized" });
    perMinute.rejected += 1;
    if (reason === "unknown_key") {
      perMinute.wrongKeys.set(address, (perMinute.wrongKeys.get(address) ?? 0) + 1);
    }
    if (perMinute.rejected <= LOGGED_ONE_BY_ONE || perMinute.rejected % 100 === 0) {
      const { rejected: rejected_this_minute } = perMinute;
      const fields = { reason, rejected_this_minute, customer_id: customer?.customerId };
      log.warn({ event: "auth.rejected", ...fields }, `authentication rejected: ${reason}`);
    }
    return { rejected: reason };
  }

  return async ({ authorization, address }) => {
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== perMinute.minute) Object.assign(perMinute, { minute, rejected: 0, wrongKeys: new Map() });
    const key = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization ?? "")?.[1];
    if (key === undefined || (key.length > 512 && !readToken)) {
      return reject(authorization === undefined ? "no_key" : "malformed", address);
    }
    const hash = hashKey(key);
    const id = hash.toString("hex");
    let customer = recall(id);
    if (customer === null) {
      if ((perMinute.wrongKeys.get(address) ?? 0) >= WRONG_KEYS_A_MINUTE) return reject("throttled", address);
      customer = await lookUp(key, hash, id);
    }
    if (!customer) return reject("unknown_key", address);
    if (customer.disabled) return reject("disabled", address, customer);
    return { customer };
  };
}
