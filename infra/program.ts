import { LogPipeline } from "../components/log-pipeline";
import { OutsideWatch } from "../components/outside-watch";
import type { StackConfig } from "./config";
import { service } from "../catalogue";
import { startAll } from "../catalogue/target";
import { googleCloud } from "./gcp/cloud-run";
import { runHost } from "./gcp/addresses";
import { layFoundation, type Foundation } from "./gcp/foundation";
import { outputsOf, type Outputs } from "./gcp/outputs";
import { makeStores } from "./gcp/stores";
import { makeSingleMachine } from "./gcp/single-machine";
import { bucketOf } from "./gcp/wiring";

/** Cloud Run's services and ClickHouse's machine, without the collector's own lines: they would feed on themselves. */
const LOG_FILTER = [
  '(resource.type="cloud_run_revision" AND resource.labels.service_name=~"^tollgate-"',
  'AND NOT resource.labels.service_name="tollgate-alloy")',
  'OR (resource.type="gce_instance" AND logName:"cos_containers")',
].join(" ");

/**
 * The whole stack on Google Cloud, from its checked configuration. The same program runs under the engine and in a plan.
 */
export function program(config: StackConfig): Outputs {
  const foundation = layFoundation(config);
  if (config.deployment === "gce-vm") return makeSingleMachine(foundation);

  const { wires, postgres } = makeStores(foundation);
  if (config.phase >= 3) {
    const logs = new LogPipeline(
      "logs",
      {
        region: config.region,
        labels: foundation.labels("logs", 3),
        filter: LOG_FILTER,
        archive: bucketOf("log-archive", wires).name,
      },
      { dependsOn: [foundation.apis] },
    );
    wires.logSubscription = logs.subscription;
  }
  startAll(googleCloud(foundation, wires), { postgres });
  watchFromOutside(foundation);
  return outputsOf(foundation, postgres);
}

/** What sleeps is not asked every minute: the question would wake it. */
function watchFromOutside({ config, sizes, labels, apis }: Foundation): void {
  const agent = service("agent");
  if (config.phase < 4 || sizes.minInstances === 0 || !config.alertEmail || !agent.probe) return;
  new OutsideWatch(
    "outside",
    {
      project: config.project,
      labels: labels("outside", 4),
      ready: { host: runHost(agent.name, config), path: agent.probe.path },
      inner: "tollgate-gateway",
      email: config.alertEmail.to,
    },
    { dependsOn: [apis] },
  );
}
