import { hashKey } from "../ledger/key";
import type { Customer, Ledger } from "../ledger/ledger";
import type { Telemetry } from "../telemetry";

/** How long a key's customer is remembered: as long as a disabled customer may still get in. */
const KNOWN_FOR_MS = 30_000;
/** How long an unknown key is remembered: it spares the ledger a client that keeps trying. */
const UNKNOWN_FOR_MS = 5_000;
const MAX_REMEMBERED = 10_000;

/** Rejections a minute that are logged one by one; of more, every hundredth. */
const LOGGED_ONE_BY_ONE = 20;

/** Finds who a request is from. Undefined: answer 401. @throws when the ledger cannot be asked: answer 503. */
export type Authenticate = (authorization: string | undefined) => Promise<Customer | undefined>;

/** Looks bearer keys up in the ledger by their SHA-256, and remembers the answer for a short while. */
export function createAuthenticate(ledger: Ledger, { log, metrics }: Telemetry): Authenticate {
  const remembered = new Map<string, { customer: Customer | undefined; until: number }>();
  const rejections = { minute: 0, count: 0 };

  async function lookUp(key: string): Promise<Customer | undefined> {
    const hash = hashKey(key);
    const id = hash.toString("hex");
    const known = remembered.get(id);
    if (known && known.until > Date.now()) return known.customer;
    const customer = await ledger.customerByKeyHash(hash);
    remembered.delete(id);
    if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value!);
    remembered.set(id, { customer, until: Date.now() + (customer ? KNOWN_FOR_MS : UNKNOWN_FOR_MS) });
    if (customer && !customer.disabled) {
      const fields = { customer_id: customer.customerId, plan_tier: customer.tier };
      log.info({ event: "auth.accepted", ...fields }, "customer authenticated");
    }
    return customer;
  }

  function reject(reason: string, customer?: Customer): undefined {
    metrics.requests.inc({ method: "none", outcome: "unauthorized" });
    const minute = Math.floor(Date.now() / 60_000);
    if (minute !== rejections.minute) Object.assign(rejections, { minute, count: 0 });
    rejections.count += 1;
    if (rejections.count <= LOGGED_ONE_BY_ONE || rejections.count % 100 === 0) {
      const fields = { reason, rejected_this_minute: rejections.count, customer_id: customer?.customerId };
      log.warn({ event: "auth.rejected", ...fields }, `authentication rejected: ${reason}`);
    }
    return undefined;
  }

  return async (authorization) => {
    const key = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? "")?.[1];
    if (key === undefined) return reject(authorization === undefined ? "no_key" : "malformed");
    const customer = await lookUp(key);
    if (!customer) return reject("unknown_key");
    if (customer.disabled) return reject("disabled", customer);
    return customer;
  };
}
