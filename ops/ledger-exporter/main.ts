/**
 * Publishes the ledger's budgets, sessions, tiers and holds as Prometheus metrics.
 *
 * Environment: `TOLLGATE_LEDGER_URL` (role `ledger_reader`, required), `PORT` (default: the catalogue's), `HOST`
 * (default: every address).
 */
import { collectDefaultMetrics, Registry } from "prom-client";
import { jsonLog } from "../../app/telemetry/log";
import { endOnUncaught } from "../../app/telemetry/uncaught";
import { ports } from "../../catalogue";
import { createExporter } from "./server";

const log = jsonLog("ledger-exporter", { environment: process.env.TOLLGATE_ENVIRONMENT ?? "local" });
endOnUncaught((err) => log.error({ event: "failed", err }, "an error that nothing caught ends the exporter"));

const ledgerUrl = process.env.TOLLGATE_LEDGER_URL;
if (!ledgerUrl) {
  log.error(
    { event: "config.invalid" },
    "TOLLGATE_LEDGER_URL is not set: set it to the URL of role ledger_reader",
  );
  process.exit(1);
}

const port = Number(process.env.PORT ?? ports.ledgerExporter);
const ofProcess = new Registry();
collectDefaultMetrics({ register: ofProcess });
const exporter = createExporter({
  ledgerUrl,
  ofProcess,
  onChange: (up, error) => {
    if (up) log.info({ event: "ledger.available" }, "the ledger answers");
    else log.error({ event: "ledger.unavailable" }, `the ledger does not answer: ${error?.message}`);
  },
});
exporter.server.listen(port, process.env.HOST, () => log.info({ event: "started" }, `listening on :${port}`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => void exporter.close().then(() => process.exit(0)));
}
