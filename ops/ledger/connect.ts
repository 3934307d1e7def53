import type { Client } from "pg";
import { withClient } from "../workspace/pg-client";
import { localSecret, readSecrets } from "../workspace/secrets";
import { runningStack } from "../workspace/state";

/**
 * Runs something with a connection to the ledger as role `ledger_admin`: at `TOLLGATE_LEDGER_URL` when it is set, as for a
 * stack on Google Cloud, otherwise the local stack that is running.
 *
 * @throws Error with the remedy when there is no ledger to reach.
 */
export async function withLedger<T>(use: (ledger: Client) => Promise<T>): Promise<T> {
  const connectionString = process.env.TOLLGATE_LEDGER_URL ?? localLedger();
  try {
    return await withClient(connectionString, use);
  } catch (error) {
    if (!UNREACHABLE.has((error as { code?: string }).code ?? "")) throw error;
    const { host } = new URL(connectionString);
    throw new Error(`The ledger at ${host} cannot be reached: ${(error as Error).message}`, { cause: error });
  }
}

const UNREACHABLE = new Set(["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "EHOSTUNREACH"]);

function localLedger(): string {
  const port = runningStack().services.postgres?.port;
  const secrets = readSecrets();
  if (port === undefined || !secrets) throw new Error("The local ledger is not up yet: wait for `npm start`");
  return localSecret("ledger-admin-url", secrets, port);
}
