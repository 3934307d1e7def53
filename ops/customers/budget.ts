import type { ClientBase } from "pg";
import { formatUsd, usd, type NanoDollars } from "../../litellm-config";
import { inTransaction, record, type Change } from "../ledger/audit";
import { UsageError } from "../terminal/command";
import { CustomerError, findCustomer } from "./customer";

/** A budget of a customer's own, or one that has ended. */
export interface Override {
  customerId: string;
  budgetNanos: NanoDollars;
  /** ISO 8601. */
  endsAt: string;
}

/** Money in addition to the budget. */
export interface Grant {
  grantId: number;
  customerId: string;
  amountNanos: NanoDollars;
  usedNanos: NanoDollars;
  /** ISO 8601. */
  expiresAt: string;
}

/**
 * Sets a customer's own monthly budget, in place of the tier's, until a day. It applies from the next call.
 *
 * @param budget In dollars, such as "25" or "12.50".
 * @param until The last day on which it holds, such as 2027-03-31, UTC.
 * @throws UsageError on a wrong value, CustomerError on an unknown customer.
 */
export async function setOverride(
  ledger: ClientBase,
  customerId: string,
  budget: string,
  until: string,
  by: Change,
): Promise<Override> {
  const budgetNanos = amountOf("budget", budget);
  const endsAt = dayAfter("until", until);
  return inTransaction(ledger, async () => {
    await findCustomer(ledger, customerId, true);
    const before = await overrideOf(ledger, customerId);
    await ledger.query(
      `insert into ledger.overrides (customer_id, budget_nanos, ends_at) values ($1, $2, $3)
       on conflict (customer_id) do update set budget_nanos = $2, ends_at = $3`,
      [customerId, budgetNanos, endsAt],
    );
    const after = { budget: formatUsd(budgetNanos), until };
    await record(ledger, by, "customer.override", { customerId, before: before && shown(before), after });
    return { customerId, budgetNanos, endsAt: endsAt.toISOString() };
  });
}

/** Ends a customer's override now. @throws CustomerError when it has none. */
export async function endOverride(ledger: ClientBase, customerId: string, by: Change): Promise<Override> {
  return inTransaction(ledger, async () => {
    await findCustomer(ledger, customerId, true);
    const before = await overrideOf(ledger, customerId);
    if (!before)
      throw new CustomerError(`customerId (is "${customerId}"): has no override; \`show\` says its budget`);
    await ledger.query("delete from ledger.overrides where customer_id = $1", [customerId]);
    await record(ledger, by, "customer.override-end", { customerId, before: shown(before) });
    return before;
  });
}

/**
 * Grants a customer extra money, once. It is used when a month's budget is used up, until it expires.
 *
 * @param dollars Such as "5".
 * @param until The last day on which it can be used, such as 2027-03-31, UTC.
 * @throws UsageError on a wrong value, CustomerError on an unknown customer.
 */
export async function addGrant(
  ledger: ClientBase,
  customerId: string,
  dollars: string,
  until: string,
  by: Change,
): Promise<Grant> {
  const amountNanos = amountOf("amount", dollars);
  const expiresAt = dayAfter("until", until);
  return inTransaction(ledger, async () => {
    await findCustomer(ledger, customerId, true);
    const { rows } = await ledger.query<{ id: number }>(
      "insert into ledger.grants (customer_id, amount_nanos, expires_at) values ($1, $2, $3) returning grant_id::int as id",
      [customerId, amountNanos, expiresAt],
    );
    const grantId = rows[0]!.id;
    await record(ledger, by, "customer.grant", {
      customerId,
      after: { grantId, amount: formatUsd(amountNanos), until },
    });
    return { grantId, customerId, amountNanos, usedNanos: 0, expiresAt: expiresAt.toISOString() };
  });
}

/** A customer's grants, those that ended too, the first to expire first. */
export async function grantsOf(ledger: ClientBase, customerId: string): Promise<Grant[]> {
  const { rows } = await ledger.query<{ id: number; amount: string; used: string; ends: Date }>(
    `select grant_id::int as id, amount_nanos as amount, used_nanos as used, expires_at as ends
     from ledger.grants where customer_id = $1 order by expires_at, grant_id`,
    [customerId],
  );
  return rows.map(({ id, amount, used, ends }) => ({
    grantId: id,
    customerId,
    amountNanos: Number(amount),
    usedNanos: Number(used),
    expiresAt: ends.toISOString(),
  }));
}

/** A customer's override, also one that has ended; undefined without one. */
export async function overrideOf(ledger: ClientBase, customerId: string): Promise<Override | undefined> {
  const { rows } = await ledger.query<{ budget: string; ends: Date }>(
    "select budget_nanos as budget, ends_at as ends from ledger.overrides where customer_id = $1",
    [customerId],
  );
  return rows[0] && { customerId, budgetNanos: Number(rows[0].budget), endsAt: rows[0].ends.toISOString() };
}

function shown({ budgetNanos, endsAt }: Override): object {
  return {
    budget: formatUsd(budgetNanos),
    until: new Date(Date.parse(endsAt) - 1).toISOString().slice(0, 10),
  };
}

/** @throws UsageError when it is not an amount above 0. */
export function amountOf(field: string, dollars: string): NanoDollars {
  let nanos: NanoDollars;
  try {
    nanos = usd(dollars);
  } catch {
    nanos = 0;
  }
  if (nanos <= 0) throw new UsageError(`${field} (is "${dollars}"): use dollars above 0, such as 12.50`);
  return nanos;
}

/** The first moment after a day, which must not be over. @throws UsageError when it is, or is not a day. */
export function dayAfter(field: string, day: string): Date {
  const start = /^\d{4}-\d\d-\d\d$/.test(day) ? new Date(`${day}T00:00:00Z`) : new Date(Number.NaN);
  if (Number.isNaN(start.getTime()) || start.toISOString().slice(0, 10) !== day) {
    throw new UsageError(`${field} (is "${day}"): use a day such as 2027-03-31`);
  }
  const end = new Date(start.getTime() + 86_400_000);
  if (end.getTime() <= Date.now())
    throw new UsageError(`${field} (is "${day}"): is over; use today or a later day`);
  return end;
}
