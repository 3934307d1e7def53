/** `tollgate dashboards view`: builds the viewer's page ahead and prints where the running stack shows its dashboards. */
import { ports } from "../../catalogue";
import { runCommand, tollgateCommand } from "../../ops/terminal/command";
import { runningStack } from "../../ops/workspace/state";
import { buildPage } from "./viewer/build";

async function view(): Promise<void> {
  const { portOffset } = runningStack();
  await buildPage();
  console.log(`http://127.0.0.1:${ports.grafana + portOffset}`);
}

runCommand(
  tollgateCommand("dashboards view", "Build the dashboards' viewer and print its address.").action(view),
);
