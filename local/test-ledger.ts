import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { startPostgres } from "./processes";

/**
 * Runs something with its own Postgres, and stops it afterwards, also on Ctrl-C.
 *
 * @param folder Where its data and log go.
 * @param use Gets the URL of the ledger's owner; the ledger is empty.
 */
export async function withTestLedger<T>(folder: string, use: (ownerUrl: string) => Promise<T>): Promise<T> {
  const postgres = await startPostgres({
    port: await freePort(),
    dataDir: join(folder, "postgres"),
    logFile: join(folder, "postgres.log"),
  });
  const interrupted = () => void postgres.stop().finally(() => process.exit(130));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupted);
  try {
    return await use(postgres.urls.ledger_owner);
  } finally {
    await postgres.stop();
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupted);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
