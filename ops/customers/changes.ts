import { randomBytes } from "node:crypto";
import { DatabaseError, type ClientBase } from "pg";
import { inTransaction, record, type Change } from "../ledger/audit";
import {
  checked,
  CustomerError,
  customerFields,
  findCustomer,
  selectCustomers,
  type Customer,
  type NewCustomer,
} from "./customer";
import { insertKey } from "./keys";

const UNIQUE_VIOLATION = "23505";

/**
 * Adds a customer.
 *
 * @returns the customer and its key, which is shown this once: the ledger stores only its SHA-256.
 * @throws UsageError on a wrong value, CustomerError when the id is taken.
 */
export async function addCustomer(
  ledger: ClientBase,
  input: NewCustomer,
  by: Change,
): Promise<{ customer: Customer; key: string }> {
  const { customerId, name, tier, gcpProject, stripeCustomer, anchorDay } = checked(customerFields, input);
  return inTransaction(ledger, async () => {
    await ledger
      .query(
        `insert into ledger.customers (customer_id, name, tier, gcp_project, stripe_customer)
         values ($1, $2, $3, $4, $5)`,
        [customerId, name, tier, gcpProject, stripeCustomer],
      )
      .catch((error: unknown) => {
        if (error instanceof DatabaseError && error.code === UNIQUE_VIOLATION) {
          throw new CustomerError(`customerId (is "${customerId}"): taken already; choose another`);
        }
        throw error;
      });
    await ledger.query(SET_ANCHOR, [customerId, anchorDay]);
    const customer = await findCustomer(ledger, customerId);
    const { key } = await insertKey(ledger, customerId);
    await record(ledger, by, "customer.add", { customerId, after: customer });
    return { customer, key };
  });
}

const SET_ANCHOR = "select ledger.set_anchor($1, $2)";
const setColumn = (column: string) => `update ledger.customers set ${column} = $2 where customer_id = $1`;

/** What an operator may change of a customer: the statement that does it, and the audit trail's word for it. */
const CHANGEABLE = {
  name: { sql: setColumn("name"), action: "customer.rename" },
  tier: { sql: setColumn("tier"), action: "customer.tier" },
  gcpProject: { sql: setColumn("gcp_project"), action: "customer.project" },
  stripeCustomer: { sql: setColumn("stripe_customer"), action: "customer.stripe" },
  anchorDay: { sql: SET_ANCHOR, action: "customer.anchor" },
} as const;

export type Changeable = keyof typeof CHANGEABLE;

/**
 * Changes one field of a customer. A new tier holds from the guard's next call of that customer on, a new day of its budget
 * months from the end of the running one on.
 *
 * @throws UsageError on a wrong value, CustomerError on an unknown customer.
 */
export async function changeCustomer(
  ledger: ClientBase,
  customerId: string,
  field: Changeable,
  value: string | number | null,
  by: Change,
): Promise<Customer> {
  const wanted = checkedField(field, value);
  const { sql, action } = CHANGEABLE[field];
  return inTransaction(ledger, async () => {
    const before = await findCustomer(ledger, customerId, true);
    await ledger.query(sql, [customerId, wanted[field]]);
    const after = await findCustomer(ledger, customerId);
    const seen = (customer: Customer) => ({
      [field]: customer[field],
      ...(field === "anchorDay" && customer.anchorFrom !== null ? { from: customer.anchorFrom } : {}),
    });
    await record(ledger, by, action, { customerId, before: seen(before), after: seen(after) });
    return after;
  });
}

/** A field with its new value. @throws UsageError on a wrong one. */
export function checkedField(field: Changeable, value: string | number | null) {
  return checked(customerFields.pick({ [field]: true } as Record<Changeable, true>), {
    [field]: value,
  } as never);
}

/**
 * Disables a customer, or enables it again. The guard refuses a disabled customer's next call; the agent refuses its keys within
 * half a minute. What is in flight is finished and charged.
 *
 * @throws CustomerError on an unknown customer.
 */
export function setDisabled(
  ledger: ClientBase,
  customerId: string,
  disabled: boolean,
  by: Change,
): Promise<Customer> {
  return inTransaction(ledger, async () => {
    const before = await findCustomer(ledger, customerId, true);
    const [after] = await selectCustomers(
      ledger,
      `update ledger.customers set disabled_at = case when $2 then coalesce(disabled_at, now()) end
       where customer_id = $1 returning COLUMNS`,
      [customerId, disabled],
    );
    await record(ledger, by, disabled ? "customer.disable" : "customer.enable", {
      customerId,
      before: { disabledAt: before.disabledAt },
      after: { disabledAt: after!.disabledAt },
    });
    return after!;
  });
}

/** What stays behind elsewhere when a customer is deleted. */
export interface Deleted {
  customerId: string;
  /** What replaces the id in the ledger. */
  anonymousId: string;
  calls: number;
  /** Traces in Langfuse that name the customer; empty without any. */
  traceIds: string[];
  firstCallAt: string | null;
  lastCallAt: string | null;
}

/**
 * Anonymises a disabled customer: id, name, project, keys and conversations go; the amounts stay under a random id.
 *
 * @throws CustomerError when the customer is unknown, not disabled, or has calls in flight.
 */
export function deleteCustomer(ledger: ClientBase, customerId: string, by: Change): Promise<Deleted> {
  const anonymousId = `deleted_${randomBytes(9).toString("hex")}`;
  return inTransaction(ledger, async () => {
    const { disabledAt } = await findCustomer(ledger, customerId, true);
    if (disabledAt === null) {
      throw new CustomerError(
        `customerId (is "${customerId}"): not disabled yet; run \`disable ${customerId}\` first`,
      );
    }
    const { rows } = await ledger.query<{
      calls: string;
      pending: string;
      traces: string[];
      first: Date | null;
      last: Date | null;
    }>(
      `select count(*) as calls, count(*) filter (where state = 'pending') as pending,
         coalesce(array_agg(distinct trace_id) filter (where trace_id is not null), '{}') as traces,
         min(reserved_at) as first, max(reserved_at) as last
       from ledger.calls where customer_id = $1`,
      [customerId],
    );
    const { calls, pending, traces, first, last } = rows[0]!;
    if (Number(pending) > 0) {
      throw new CustomerError(
        `customerId (is "${customerId}"): ${pending} calls are in flight; try again when they are settled, in five minutes at most`,
      );
    }
    await record(ledger, by, "customer.delete", { customerId });
    await ledger.query("select ledger.anonymise($1, $2)", [customerId, anonymousId]);
    return {
      customerId,
      anonymousId,
      calls: Number(calls),
      traceIds: traces,
      firstCallAt: first?.toISOString() ?? null,
      lastCallAt: last?.toISOString() ?? null,
    };
  });
}
