/** Serves the running stack's dashboards in Grafana's place, on its port. */
import { ports } from "../../../catalogue";
import { runningStack } from "../../../ops/workspace/state";
import { connectSources } from "../sources";
import { localServers } from "../sources/local";
import { buildPage } from "./build";
import { createViewer } from "./server";

const { portOffset } = runningStack();
const sources = connectSources(localServers());
const langfuse = `http://127.0.0.1:${ports.langfuse + portOffset}`;
const port = ports.grafana + portOffset;
const server = createViewer({ sources, page: buildPage, langfuse });
server.listen(port, "127.0.0.1", () => console.log(`listening on :${port}`));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
    void sources.close();
  });
}
