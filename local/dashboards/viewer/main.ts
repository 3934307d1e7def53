/** Serves the running stack's dashboards in Grafana's place, on its port. */
import { setTimeout as sleep } from "node:timers/promises";
import { ports } from "../../../catalogue";
import { runningStack, type StackState } from "../../../ops/workspace/state";
import { connectSources } from "../sources";
import { localServers } from "../sources/local";
import { buildPage } from "./build";
import { createViewer } from "./server";

/** The stack that starts this process may write its state a moment later. */
async function stack(tries = 50): Promise<StackState> {
  try {
    return runningStack();
  } catch (error) {
    if (tries === 0) throw error;
    await sleep(200);
    return stack(tries - 1);
  }
}

async function main(): Promise<void> {
  const { portOffset } = await stack();
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
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
