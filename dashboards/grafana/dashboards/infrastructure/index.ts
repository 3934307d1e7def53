import { logQueries } from "../../../loki/queries";
import { dashboard, type Row } from "../../lib/dashboard";
import { logLines } from "../../lib/panels";
import { logs } from "../../lib/queries";
import { cloudRun } from "./cloud-run";
import { databases } from "./databases";
import { health } from "./health";
import { ledger } from "./ledger";
import { traffic } from "./traffic";

const langfuse: Row = {
  title: "Langfuse's logs",
  panels: Object.values(logQueries.langfuse).map(({ title, description, expr }) =>
    logLines({ title, description, width: 12, queries: [logs(expr)] }),
  ),
};

/** For platform operators: is every part up, and what runs out first. */
export const infrastructure = dashboard({
  uid: "infrastructure",
  title: "Infrastructure",
  description: "Health of every service, Cloud Run, databases, throughput, the guard's ledger.",
  from: "now-6h",
  refresh: "30s",
  rows: [health, cloudRun, databases, traffic, ledger, langfuse],
});
