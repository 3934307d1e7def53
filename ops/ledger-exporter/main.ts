/**
 * Publishes the ledger's budgets, sessions, tiers and holds as Prometheus metrics.
 *
 * Environment: `TOLLGATE_LEDGER_URL` (role `ledger_reader`, required), `PORT` (default: the catalogue's), `HOST`
 * (default: every address).
 */
import pino from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import { ports } from "../../catalogue";
import { createExporter } from "./server";

const log = pino({
  base: { service: "ledger-exporter", environment: process.env.TOLLGATE_ENVIRONMENT ?? "local" },
  messageKey: "message",
  timestamp: () => `,"time":"${new Date().toISOString()}"`,
  formatters: { level: (level) => ({ level }) },
});

const ledgerUrl = process.env.TOLLGATE_LEDGER_URL;
if (!ledgerUrl) {
  log.fatal(
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
