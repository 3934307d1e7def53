import type { Client } from "pg";
import { withClient } from "../workspace/pg-client";
import { localSecret, readSecrets } from "../workspace/secrets";
import { runningStack } from "../workspace/state";

/** Roles that operators' commands take, each with the variable that has its address on Google Cloud. */
const VARIABLES = {
  "ledger-admin-url": "TOLLGATE_LEDGER_URL",
  "ledger-reader-url": "TOLLGATE_LEDGER_READER_URL",
} as const;

/**
 * Runs something with a connection to the ledger: at the role's variable when it is set, as for a stack on Google Cloud,
 * otherwise the local stack that is running.
 *
 * @throws Error with the remedy when there is no ledger to reach; what Postgres answers to a query.
 */
export async function withLedger<T>(
  use: (ledger: Client) => Promise<T>,
  role: keyof typeof VARIABLES = "ledger-admin-url",
): Promise<T> {
  const variable = VARIABLES[role];
  return withLedgerAt(process.env[variable] ?? localLedger(role), use, variable);
}

/** The same at an address; `variable` is where it comes from. */
export async function withLedgerAt<T>(
  url: string,
  use: (ledger: Client) => Promise<T>,
  variable: string = VARIABLES["ledger-admin-url"],
): Promise<T> {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol))
    throw new Error(
      `${variable} (not shown, it has a password) must be an address: postgresql://ROLE:PASSWORD@HOST:5432/ledger`,
    );
  try {
    return await withClient(url, use);
  } catch (error) {
    throw explained(error, new URL(url), variable);
  }
}

const UNREACHABLE = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ETIMEDOUT",
  "EHOSTUNREACH",
]);

function explained(error: unknown, { host, username }: URL, variable: string): unknown {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const because = (text: string) => new Error(text, { cause: error });
  // The client's own words when the server says nothing, or goes away.
  if (UNREACHABLE.has(code) || /^(timeout expired|Connection terminated)/.test(message))
    return because(
      `The ledger at ${host} cannot be reached (${message || code}): start it, or correct ${variable}`,
    );
  // Wrong password, no such role, no such database.
  if (["28P01", "28000", "3D000"].includes(code))
    return because(`The ledger at ${host} refuses ${username} (${message}): correct ${variable}`);
  // No such schema or table.
  if (["3F000", "42P01"].includes(code) && message.includes("ledger"))
    return because(`The ledger at ${host} has no tables yet (${message}): run its migrations`);
  return error;
}

function localLedger(role: keyof typeof VARIABLES): string {
  const port = runningStack().services.postgres?.port;
  const secrets = readSecrets();
  if (port === undefined || !secrets) throw new Error("The local ledger is not up yet: wait for `npm start`");
  return localSecret(role, secrets, port);
}
