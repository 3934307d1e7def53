import { randomBytes } from "node:crypto";
import type { ClientBase } from "pg";
import { hashKey } from "../../app/ledger/key";
import { inTransaction, record, type Change } from "../ledger/audit";
import { UsageError } from "../terminal/command";
import { CustomerError, findCustomer } from "./customer";

export interface Key {
  keyId: number;
  customerId: string;
  /** How the key begins; null for keys of an older version. */
  hint: string | null;
  /** ISO 8601. */
  createdAt: string;
  /** When the key stops, or stopped, working; null: until it is revoked. */
  endsAt: string | null;
  works: boolean;
}

const COLUMNS = `key_id::int as "keyId", customer_id as "customerId", hint, created_at as "createdAt", ends_at as "endsAt",
  ends_at is null or ends_at > now() as works`;

/** Makes a key in the caller's transaction. @returns the key itself, which is stored nowhere. */
export async function insertKey(ledger: ClientBase, customerId: string): Promise<Key & { key: string }> {
  // 256 random bits; the prefix lets secret scanners find a leaked one.
  const key = `tollgate_${randomBytes(32).toString("base64url")}`;
  const [row] = await selectKeys(
    ledger,
    `insert into ledger.customer_keys (customer_id, key_hash, hint) values ($1, $2, $3) returning ${COLUMNS}`,
    [customerId, hashKey(key).toString("hex"), key.slice(0, 13)],
  );
  return { ...row!, key };
}

/**
 * Gives a customer a further key. Its other keys go on, or end after some hours.
 *
 * @param othersEndAfterHours 0: at once; undefined: they do not end.
 * @returns the new key, which is shown this once.
 * @throws UsageError on a wrong number of hours, CustomerError on an unknown customer.
 */
export async function addKey(
  ledger: ClientBase,
  customerId: string,
  othersEndAfterHours: number | undefined,
  by: Change,
): Promise<Key & { key: string }> {
  checkOverlap(othersEndAfterHours);
  return inTransaction(ledger, async () => {
    await findCustomer(ledger, customerId, true);
    if (othersEndAfterHours !== undefined) {
      await ledger.query(
        `update ledger.customer_keys set ends_at = now() + make_interval(secs => $2)
         where customer_id = $1 and (ends_at is null or ends_at > now() + make_interval(secs => $2))`,
        [customerId, othersEndAfterHours * 3_600],
      );
    }
    const added = await insertKey(ledger, customerId);
    const { keyId, hint } = added;
    await record(ledger, by, "key.add", { customerId, after: { keyId, hint, othersEndAfterHours } });
    return added;
  });
}

/** @throws UsageError on a wrong number of hours. */
export function checkOverlap(hours: number | undefined): void {
  if (hours !== undefined && !(hours >= 0 && hours <= 8_760))
    throw new UsageError(`overlap (is "${hours}"): use a number of hours from 0 to 8760`);
}

/** A customer's keys, the newest first. @throws CustomerError on an unknown customer. */
export async function listKeys(ledger: ClientBase, customerId: string): Promise<Key[]> {
  await findCustomer(ledger, customerId);
  return selectKeys(
    ledger,
    `select ${COLUMNS} from ledger.customer_keys where customer_id = $1 order by key_id desc`,
    [customerId],
  );
}

/**
 * Ends a key now; an agent that has just seen it takes it for up to half a minute.
 *
 * @throws CustomerError when the customer has no such key that works.
 */
export function revokeKey(ledger: ClientBase, customerId: string, keyId: string, by: Change): Promise<Key> {
  return inTransaction(ledger, async () => {
    await findCustomer(ledger, customerId, true);
    const [key] = /^\d{1,15}$/.test(keyId)
      ? await selectKeys(
          ledger,
          `update ledger.customer_keys set ends_at = now()
           where customer_id = $1 and key_id = $2 and (ends_at is null or ends_at > now()) returning ${COLUMNS}`,
          [customerId, keyId],
        )
      : [];
    if (!key) {
      throw new CustomerError(
        `keyId (is "${keyId}"): ${customerId} has no such key that works; \`key list\` shows its keys`,
      );
    }
    await record(ledger, by, "key.revoke", { customerId, before: { keyId: key.keyId, hint: key.hint } });
    return key;
  });
}

async function selectKeys(ledger: ClientBase, sql: string, values: unknown[]): Promise<Key[]> {
  const { rows } = await ledger.query<
    Omit<Key, "createdAt" | "endsAt"> & { createdAt: Date; endsAt: Date | null }
  >(sql, values);
  return rows.map((row) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    endsAt: row.endsAt?.toISOString() ?? null,
  }));
}
