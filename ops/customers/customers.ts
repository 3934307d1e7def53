import { randomBytes } from "node:crypto";
import { DatabaseError, type ClientBase } from "pg";
import { z } from "zod";
import { hashKey } from "../../app/ledger/key";
import { definitions, type NanoDollars } from "../../litellm-config";

export interface Customer {
  customerId: string;
  name: string;
  tier: string;
  gcpProject: string | null;
  /** ISO 8601. */
  createdAt: string;
  disabledAt: string | null;
}

/** What a customer's conversations cost in a month, in nano-dollars. */
export interface Usage {
  customerId: string;
  name: string;
  tier: string;
  /** As 2026-11, by UTC's calendar. */
  month: string;
  spentNanos: NanoDollars;
  /** Kept for calls that are running. */
  heldNanos: NanoDollars;
  capNanos: NanoDollars;
  calls: number;
}

/** A request that cannot be carried out: the message names the field, the value and the remedy. */
export class CustomerError extends Error {}

const newCustomer = z.object({
  customerId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, "use 1 to 64 letters, digits, - and _ for the customer's id"),
  name: z.string().trim().min(1, "give the customer's name"),
  tier: z.enum(Object.keys(definitions.tiers), `name one of ${Object.keys(definitions.tiers).join(", ")}`),
  gcpProject: z
    .string()
    .regex(
      /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
      "a Google Cloud project id has 6 to 30 lower-case letters, digits and -, as my-project-1",
    )
    .optional(),
});
export type NewCustomer = z.input<typeof newCustomer>;

const COLUMNS = `customer_id as "customerId", name, tier, gcp_project as "gcpProject", created_at as "createdAt",
  disabled_at as "disabledAt"`;

/**
 * Adds a customer.
 *
 * @returns the customer and its key, which is shown this once: the ledger stores only its SHA-256.
 * @throws CustomerError on a wrong value, or when the id is taken.
 */
export async function addCustomer(
  ledger: ClientBase,
  input: NewCustomer,
): Promise<{ customer: Customer; key: string }> {
  const { customerId, name, tier, gcpProject } = checked(newCustomer, input);
  const key = newKey();
  try {
    const { rows } = await ledger.query<CustomerRow>(
      `insert into ledger.customers (customer_id, name, tier, gcp_project, key_hash)
       values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
      [customerId, name, tier, gcpProject, hashKey(key).toString("hex")],
    );
    return { customer: toCustomer(rows[0]!), key };
  } catch (error) {
    if (error instanceof DatabaseError && error.code === UNIQUE_VIOLATION) {
      throw new CustomerError(`customerId (is "${customerId}"): taken already; choose another`);
    }
    throw error;
  }
}

/**
 * Gives a customer a new key; the old one stops working within half a minute.
 *
 * @returns the new key, which is shown this once.
 * @throws CustomerError when there is no customer of that id.
 */
export async function renewKey(ledger: ClientBase, customerId: string): Promise<string> {
  const key = newKey();
  const { rowCount } = await ledger.query(
    "update ledger.customers set key_hash = $2 where customer_id = $1",
    [customerId, hashKey(key).toString("hex")],
  );
  if (rowCount === 0) unknown(customerId);
  return key;
}

/** Every customer, by id. */
export async function listCustomers(ledger: ClientBase): Promise<Customer[]> {
  const { rows } = await ledger.query<CustomerRow>(
    `select ${COLUMNS} from ledger.customers order by customer_id`,
  );
  return rows.map(toCustomer);
}

/** @throws CustomerError when there is no customer of that id. */
export async function findCustomer(ledger: ClientBase, customerId: string): Promise<Customer> {
  const { rows } = await ledger.query<CustomerRow>(
    `select ${COLUMNS} from ledger.customers where customer_id = $1`,
    [customerId],
  );
  return toCustomer(rows[0] ?? unknown(customerId));
}

/**
 * Puts a customer on another tier. The guard's next call for that customer is checked against the new budget.
 *
 * @throws CustomerError on an unknown tier or customer.
 */
export async function changeTier(ledger: ClientBase, customerId: string, tier: string): Promise<Customer> {
  const wanted = checked(newCustomer.pick({ tier: true }), { tier });
  const { rows } = await ledger.query<CustomerRow>(
    `update ledger.customers set tier = $2 where customer_id = $1 returning ${COLUMNS}`,
    [customerId, wanted.tier],
  );
  return toCustomer(rows[0] ?? unknown(customerId));
}

/**
 * What was spent and is held this month, of every customer or of one.
 *
 * @throws CustomerError when there is no customer of that id.
 */
export async function usageOf(ledger: ClientBase, customerId?: string): Promise<Usage[]> {
  const { rows } = await ledger.query<Record<string, string>>(
    `select customer_id, name, tier, to_char(month, 'YYYY-MM') as month, spent_nanos, held_nanos, cap_nanos, calls
     from ledger.customer_usage where $1::text is null or customer_id = $1 order by customer_id`,
    [customerId],
  );
  if (rows.length === 0 && customerId !== undefined) unknown(customerId);
  // Postgres sends bigint as text; these amounts stay far below 2^53.
  return rows.map((row) => ({
    customerId: row.customer_id!,
    name: row.name!,
    tier: row.tier!,
    month: row.month!,
    spentNanos: Number(row.spent_nanos),
    heldNanos: Number(row.held_nanos),
    capNanos: Number(row.cap_nanos),
    calls: Number(row.calls),
  }));
}

const UNIQUE_VIOLATION = "23505";

type CustomerRow = Omit<Customer, "createdAt" | "disabledAt"> & { createdAt: Date; disabledAt: Date | null };

function toCustomer(row: CustomerRow): Customer {
  return {
    ...row,
    createdAt: row.createdAt.toISOString(),
    disabledAt: row.disabledAt?.toISOString() ?? null,
  };
}

/** 256 random bits; the prefix lets secret scanners find a leaked one. */
function newKey(): string {
  return `tollgate_${randomBytes(32).toString("base64url")}`;
}

function unknown(customerId: string): never {
  throw new CustomerError(`customerId (is "${customerId}"): no such customer; \`list\` shows all`);
}

function checked<T extends z.ZodType>(schema: T, input: z.input<T>): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const lines = result.error.issues.map(({ path, message }) => {
    const field = path.join(".");
    const value = (input as Record<string, unknown>)[field];
    return `${field} (is ${JSON.stringify(value) ?? "unset"}): ${message}`;
  });
  throw new CustomerError(lines.join("\n"));
}
