import { Budget } from "../components/budget";
import { LogPipeline } from "../components/log-pipeline";
import { OutsideWatch } from "../components/outside-watch";
import type { StackConfig } from "./config";
import { ALERTS_FROM } from "./config-schema";
import { budgetEnforcer, customerService, logCollector } from "../catalogue";
import { startAll } from "../catalogue/target";
import { googleCloud } from "./gcp/cloud-run";
import { keepOfficeHours } from "./gcp/office-hours";
import { runHost } from "./gcp/addresses";
import { makeBase, type StackBase } from "./gcp/base";
import { outputsOf, type Outputs } from "./gcp/outputs";
import { makeStores } from "./gcp/stores";
import { makeSingleMachine } from "./gcp/single-machine";
import { bucketOf } from "./gcp/resolve";

/** Cloud Run and ClickHouse's machine, without the collector's own lines: they would feed on themselves. */
const LOG_FILTER = [
  '(resource.type="cloud_run_revision" AND resource.labels.service_name=~"^tollgate-"',
  `AND NOT resource.labels.service_name="tollgate-${logCollector.name}"`,
  `AND NOT labels.container_name="${logCollector.name}")`,
  'OR (resource.type="cloud_run_worker_pool" AND resource.labels.worker_pool_name=~"^tollgate-"',
  `AND NOT labels.container_name="${logCollector.name}")`,
  'OR (resource.type="gce_instance" AND logName:"cos_containers")',
].join(" ");

/**
 * The whole stack on Google Cloud, from its checked configuration. The same program runs under the engine and in a plan.
 */
export function program(config: StackConfig): Outputs {
  const base = makeBase(config);
  const { billingAccount, projectNumber, environment, monthlyCostCeiling } = config;
  if (billingAccount) {
    new Budget(
      environment,
      { billingAccount, projectNumber, dollars: Math.ceil(monthlyCostCeiling) },
      { dependsOn: [base.apis] },
    );
  }
  if (config.deployment === "gce-vm") return makeSingleMachine(base);

  const { resources, postgres, clickhouse } = makeStores(base);
  if (config.phase >= 3) {
    const logs = new LogPipeline(
      "logs",
      {
        region: config.region,
        labels: base.labels("logs", 3),
        filter: LOG_FILTER,
        archive: bucketOf("log-archive", resources).name,
      },
      { dependsOn: [base.apis] },
    );
    resources.logSubscription = logs.subscription;
  }
  const started = startAll(googleCloud(base, resources), { postgres });
  keepOfficeHours(base, { postgres, clickhouse }, started.values());
  watchFromOutside(base);
  return outputsOf(base, postgres);
}

/** What sleeps is not asked every minute: the question would wake it. */
function watchFromOutside({ config, sizes, labels, apis }: StackBase): void {
  const { name, probe } = customerService;
  if (config.phase < ALERTS_FROM || sizes.minInstances === 0 || !config.alertEmail || !probe) return;
  new OutsideWatch(
    "outside",
    {
      project: config.project,
      labels: labels("outside", 4),
      ready: { host: runHost(name, config), path: probe.path },
      inner: `tollgate-${budgetEnforcer.name}`,
      email: config.alertEmail.to,
    },
    { dependsOn: [apis] },
  );
}
