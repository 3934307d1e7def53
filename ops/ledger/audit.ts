import { hostname, userInfo } from "node:os";
import type { ClientBase } from "pg";

/** Who makes a change, and why. */
export interface Change {
  actor: string;
  reason?: string;
}

/** One row of the trail. */
export interface AuditEntry {
  /** ISO 8601. */
  at: string;
  actor: string;
  action: string;
  customerId: string | null;
  before: object | null;
  after: object | null;
  reason: string | null;
}

/** Who runs the command: `TOLLGATE_OPERATOR`, otherwise the user of this machine. */
export function thisOperator(): string {
  return process.env.TOLLGATE_OPERATOR || `${userInfo().username}@${hostname()}`;
}

const inOne = new WeakSet<ClientBase>();

/**
 * Runs something in one transaction; inside of another it becomes a part of that.
 *
 * @throws what it throws, after the transaction is rolled back.
 */
export async function inTransaction<T>(ledger: ClientBase, use: () => Promise<T>): Promise<T> {
  if (inOne.has(ledger)) return use();
  inOne.add(ledger);
  try {
    await ledger.query("begin");
    const result = await use();
    await ledger.query("commit");
    return result;
  } catch (error) {
    await ledger.query("rollback").catch(() => undefined);
    throw error;
  } finally {
    inOne.delete(ledger);
  }
}

/** Writes who changed what, and why. Call it in the transaction of the change. */
export async function record(
  ledger: ClientBase,
  { actor, reason }: Change,
  action: string,
  { customerId, before, after }: { customerId?: string; before?: object; after?: object },
): Promise<void> {
  await ledger.query(
    "insert into ledger.audit (actor, action, customer_id, before, after, reason) values ($1, $2, $3, $4, $5, $6)",
    [actor, action, customerId, before && JSON.stringify(before), after && JSON.stringify(after), reason],
  );
}

/** The newest changes first, of every customer or of one. */
export async function readAudit(
  ledger: ClientBase,
  { customerId, limit }: { customerId?: string; limit: number },
): Promise<AuditEntry[]> {
  const { rows } = await ledger.query<Omit<AuditEntry, "at"> & { at: Date }>(
    `select at, actor, action, customer_id as "customerId", before, after, reason from ledger.audit
     where $1::text is null or customer_id = $1 order by audit_id desc limit $2`,
    [customerId, limit],
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
