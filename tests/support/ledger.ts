import { join } from "node:path";
import { ports } from "../../catalogue";
import { startPostgres, type RunningPostgres } from "../../local/processes";
import { runJob, type Machine } from "../../local/target";
import { testMachine } from "./machine";

/** A Postgres with the ledger's tables on its own machine, as the migrations' job makes them. */
export async function startLedger(folder: string): Promise<{ machine: Machine; postgres: RunningPostgres }> {
  const machine = await testMachine(folder);
  const postgres = await startPostgres({
    port: machine.port(ports.postgres),
    dataDir: join(folder, "data"),
    logFile: join(folder, "postgres.log"),
    values: machine.values,
  });
  await runJob("gateway-migrations", machine);
  return { machine, postgres };
}
