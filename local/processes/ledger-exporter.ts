import { service } from "../../catalogue";
import { startNodeService } from "./node-service";
import type { Running } from "./process";

export interface LedgerExporterOptions {
  port: number;
  /** The ledger as role `ledger_reader`. */
  ledgerUrl: string;
  logFile: string;
}

/** Starts the exporter that publishes the ledger to Prometheus. */
export function startLedgerExporter({ port, ledgerUrl, logFile }: LedgerExporterOptions): Promise<Running> {
  const { name, probe } = service("ledger-exporter");
  return startNodeService({
    name,
    folder: "ops/ledger-exporter",
    port,
    env: { TOLLGATE_LEDGER_URL: ledgerUrl },
    logFile,
    readyPath: probe?.path ?? "/healthz",
  });
}
