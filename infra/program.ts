import { Budget } from "../components/budget";
import { LogPipeline } from "../components/log-pipeline";
import type { StackConfig } from "./config";
import { startAll } from "../catalogue/target";
import { googleCloud } from "./gcp/cloud-run";
import { layFoundation } from "./gcp/foundation";
import { keepOfficeHours } from "./gcp/office-hours";
import { outputsOf, type Outputs } from "./gcp/outputs";
import { makeStores } from "./gcp/stores";
import { makeSingleMachine } from "./gcp/single-machine";
import { bucketOf } from "./gcp/wiring";

/** Cloud Run and ClickHouse's machine, without the collector's own lines: they would feed on themselves. */
const LOG_FILTER = [
  '(resource.type="cloud_run_revision" AND resource.labels.service_name=~"^tollgate-"',
  'AND NOT resource.labels.service_name="tollgate-alloy"',
  'AND NOT labels.container_name="alloy")',
  'OR (resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name=~"^tollgate-"',
  'AND NOT labels.container_name="alloy")',
  'OR (resource.type="gce_instance" AND logName:"cos_containers")',
].join(" ");

/**
 * The whole stack on Google Cloud, from its checked configuration. The same program runs under the engine and in a plan.
 */
export function program(config: StackConfig): Outputs {
  const foundation = layFoundation(config);
  const { billingAccount, projectNumber, environment, monthlyCostCeiling } = config;
  if (billingAccount) {
    new Budget(
      environment,
      { billingAccount, projectNumber, dollars: Math.ceil(monthlyCostCeiling) },
      { dependsOn: [foundation.apis] },
    );
  }
  if (config.deployment === "gce-vm") return makeSingleMachine(foundation);

  const { wires, postgres, clickhouse } = makeStores(foundation);
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
  const started = startAll(googleCloud(foundation, wires), { postgres });
  keepOfficeHours(foundation, { postgres, clickhouse }, started.values());
  return outputsOf(foundation, postgres);
}
