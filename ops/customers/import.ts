import { parse } from "csv-parse/sync";
import type { ClientBase } from "pg";
import { inTransaction, type Change } from "../ledger/audit";
import { addCustomer, changeCustomer, type Changeable } from "./changes";
import { checked, CustomerError, customerFields, listCustomers, type Customer } from "./customer";

/** What the import does with one line. */
export interface ImportStep {
  customerId: string;
  does: "add" | "change" | "nothing";
  /** The fields that change, from and to. */
  changes: Partial<Record<Changeable, { from: string | number | null; to: string | number | null }>>;
  /** The new customer's key, after the import. */
  key?: string;
}

const COLUMNS = {
  customer_id: "customerId",
  name: "name",
  tier: "tier",
  gcp_project: "gcpProject",
  stripe_customer: "stripeCustomer",
  anchor_day: "anchorDay",
} as const;
const REQUIRED = ["customer_id", "tier"];
const FIELDS = ["name", "tier", "gcpProject", "stripeCustomer", "anchorDay"] as const satisfies Changeable[];

/**
 * Brings the ledger's customers in line with a CSV file: adds those that are missing, changes those that differ, and leaves every
 * other customer alone. An empty cell clears a project or a Stripe id, and takes the budget month back to the calendar's; a column that the file does not have changes nothing.
 *
 * @param apply false: only says what it would do.
 * @throws CustomerError with every finding of every line; then nothing has changed.
 */
export async function importCustomers(
  ledger: ClientBase,
  csv: string,
  apply: boolean,
  by: Change,
): Promise<ImportStep[]> {
  return inTransaction(ledger, async () => {
    const known = new Map((await listCustomers(ledger)).map((customer) => [customer.customerId, customer]));
    const wanted = readCustomers(csv);
    const steps = wanted.map((customer) => step(customer, known.get(customer.customerId)));
    if (!apply) return steps;
    for (const [index, { customerId, does, changes }] of steps.entries()) {
      if (does === "add") {
        const customer = { name: customerId, ...wanted[index]! };
        steps[index]!.key = (await addCustomer(ledger, customer, by)).key;
      }
      for (const field of FIELDS) {
        const change = changes[field];
        if (does === "change" && change) await changeCustomer(ledger, customerId, field, change.to, by);
      }
    }
    return steps;
  });
}

type Line = Pick<Customer, "customerId" | "tier"> &
  Partial<Pick<Customer, "name" | "gcpProject" | "stripeCustomer" | "anchorDay">>;

/** @throws CustomerError with every finding of every line. */
export function readCustomers(csv: string): Line[] {
  let header: string[] = [];
  let rows: Record<string, string>[];
  try {
    rows = parse(csv, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      columns: (names: string[]) => (header = names.map((name) => name.toLowerCase())),
    });
  } catch (error) {
    throw new CustomerError(`The file is not CSV with a header: ${(error as Error).message}`);
  }
  const odd = header.filter((name) => !Object.hasOwn(COLUMNS, name));
  const missing = REQUIRED.filter((name) => !header.includes(name));
  if (odd.length > 0 || missing.length > 0) {
    throw new CustomerError(
      `The header (is "${header.join(",")}"): use the columns ${Object.keys(COLUMNS).join(", ")}; ${REQUIRED.join(" and ")} are required`,
    );
  }
  const findings: string[] = [];
  const seen = new Set<string>();
  const lines = rows.flatMap((row, index): Line[] => {
    const line = Object.fromEntries(
      header.map((name) => [COLUMNS[name as keyof typeof COLUMNS], row[name] || undefined]),
    );
    // A customer without a name keeps the one it has; a new one is named by its id.
    if (line.name === undefined) delete line.name;
    try {
      const customer = checked(customerFields.partial({ name: true }), line as never);
      if (seen.has(customer.customerId)) {
        throw new CustomerError(`customerId (is "${customer.customerId}"): is on two lines; remove one`);
      }
      seen.add(customer.customerId);
      return [
        Object.fromEntries(Object.entries(customer).filter(([field]) => field in line)) as unknown as Line,
      ];
    } catch (error) {
      findings.push(
        ...(error as Error).message.split("\n").map((finding) => `line ${index + 2}: ${finding}`),
      );
      return [];
    }
  });
  if (findings.length > 0) throw new CustomerError(`Nothing was imported:\n${findings.join("\n")}`);
  return lines;
}

function step(wanted: Line, known: Customer | undefined): ImportStep {
  const { customerId } = wanted;
  const changes = Object.fromEntries(
    FIELDS.filter((field) => field in wanted && (known?.[field] ?? null) !== wanted[field]).map((field) => [
      field,
      { from: known?.[field] ?? null, to: wanted[field] ?? null },
    ]),
  );
  const does = !known ? "add" : Object.keys(changes).length > 0 ? "change" : "nothing";
  return { customerId, does, changes };
}
