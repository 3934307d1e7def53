import type { ClientBase } from "pg";
import { z } from "zod";
import { definitions } from "../../litellm-config";
import { UsageError } from "../terminal/command";

export interface Customer {
  customerId: string;
  name: string;
  tier: string;
  gcpProject: string | null;
  /** The customer's id at Stripe, for exports. */
  stripeCustomer: string | null;
  /** Day of the month on which its budget months begin. */
  anchorDay: number;
  /** The first day (UTC) on which that day counts, where it does not yet. */
  anchorFrom: string | null;
  /** ISO 8601. */
  createdAt: string;
  disabledAt: string | null;
}

/** A request that cannot be carried out: the message names the field, the value and the remedy. */
export class CustomerError extends Error {}

const TIERS = Object.keys(definitions.tiers);

const ANCHOR_DAY =
  "use the day of the month on which the budget month begins, from 1 to 31; in a shorter month it is the last day";

/** What an operator may set for a customer. */
export const customerFields = z.object({
  customerId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "use 1 to 64 letters, digits, - and _ for the customer's id"),
  name: z.string().trim().min(1, "set the customer's name"),
  tier: z.enum(TIERS, `use one of ${TIERS.join(", ")}`),
  gcpProject: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      "a Google Cloud project id has 6 to 30 lower-case letters, digits and -, such as my-project-1",
    )
    .nullish()
    .transform((project) => project ?? null),
  stripeCustomer: z
    .string()
    .regex(/^cus_[A-Za-z0-9]{1,64}$/, "use the customer's id at Stripe, such as cus_NciAYcXfLnqBoz")
    .nullish()
    .transform((id) => id ?? null),
  anchorDay: z
    .preprocess(
      (day) => (typeof day === "string" && /^\d+$/.test(day) ? Number(day) : day),
      z.int(ANCHOR_DAY).min(1, ANCHOR_DAY).max(31, ANCHOR_DAY).nullish(),
    )
    .transform((day) => day ?? 1),
});
export type NewCustomer = z.input<typeof customerFields>;

const COLUMNS = `customer_id as "customerId", name, tier, gcp_project as "gcpProject", stripe_customer as "stripeCustomer",
  coalesce((select day from ledger.billing_anchors a where a.customer_id = customers.customer_id order by since desc limit 1), 1) as "anchorDay",
  (select max(since)::text from ledger.billing_anchors a
    where a.customer_id = customers.customer_id and since > ledger.day_of(ledger.clock())) as "anchorFrom",
  created_at as "createdAt", disabled_at as "disabledAt"`;

/** Every customer, by id. */
export function listCustomers(ledger: ClientBase): Promise<Customer[]> {
  return selectCustomers(ledger, `select ${COLUMNS} from ledger.customers order by customer_id`);
}

/**
 * One customer.
 *
 * @param lock Keeps the row for the rest of the transaction: the guard's next call of the customer waits for it.
 * @throws CustomerError when there is no customer of that id.
 */
export async function findCustomer(ledger: ClientBase, customerId: string, lock = false): Promise<Customer> {
  const sql = `select ${COLUMNS} from ledger.customers where customer_id = $1 ${lock ? "for update" : ""}`;
  const [customer] = await selectCustomers(ledger, sql, [customerId]);
  return customer ?? unknown(customerId);
}

/** Runs a statement that returns customers; `COLUMNS` in its text stands for their columns. */
export async function selectCustomers(
  ledger: ClientBase,
  sql: string,
  values: unknown[] = [],
): Promise<Customer[]> {
  const { rows } = await ledger.query<
    Omit<Customer, "createdAt" | "disabledAt"> & { createdAt: Date; disabledAt: Date | null }
  >(sql.replace("COLUMNS", COLUMNS), values);
  return rows.map((row) => ({
    ...row,
    createdAt: row.createdAt.toISOString(),
    disabledAt: row.disabledAt?.toISOString() ?? null,
  }));
}

/** @throws CustomerError always. */
export function unknown(customerId: string): never {
  throw new CustomerError(`customerId (is "${customerId}"): no such customer; \`list\` shows all`);
}

/** Checks values. @throws UsageError with a line for each field that is wrong. */
export function checked<T extends z.ZodType>(schema: T, input: z.input<T>): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const field = path.join(".");
    const value = (input as Record<string, unknown>)[field];
    return `${field} (is ${JSON.stringify(value) ?? "unset"}): ${message}`;
  });
  throw new UsageError(lines.join("\n"));
}
