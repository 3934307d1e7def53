import { stringify } from "yaml";
import { alertmanagerFiles, defaultSettings } from "../../dashboards/alertmanager";
import { googleLogCollector } from "../../dashboards/alloy";
import { grafanaFiles } from "../../dashboards/grafana";
import { lokiConfig } from "../../dashboards/loki/config";
import { googlePrometheus, prometheusFiles } from "../../dashboards/prometheus";
import { catalogue, collector, findService, type ConfigFolder } from "../../catalogue";
import type { StackConfig } from "../config";
import { gatewayFiles } from "../definitions-hash";
import { cloudMetricsConfig } from "../config-files/collectors";
import { tempoConfig } from "../config-files/tempo";
import { committedFiles } from "../rendered-folder";
import { operatorsUrl, PRIVATE_ZONE, runHost } from "./addresses";
import { cloudRunServices, stackHas } from "./services-of-stack";

/** The subscription that the log sink fills; `LogPipeline` gives it this name. */
export const LOG_SUBSCRIPTION = "tollgate-logs";

type Files = Record<string, string>;

/** Files that are rendered anew because they hold addresses or budgets of this stack; the rest is as committed. */
const rendered: Partial<Record<ConfigFolder, (config: StackConfig) => Files>> = {
  gateway: ({ definitions }) => gatewayFiles(definitions),
  prometheus: (config) => prometheusFiles(prometheusSettings(config)),
  alertmanager: ({ alertEmail }) =>
    alertmanagerFiles({ ...defaultSettings, ...(alertEmail ? { email: alertEmail } : {}) }),
  grafana: (config) => ({
    ...grafanaFiles({ langfuse: operatorsUrl("langfuse-web", config) }),
    ...history(config),
  }),
  loki: () => ({ "loki.yaml": lokiConfig("gcs") }),
  alloy: ({ project }) => ({ "config.alloy": googleLogCollector(project, LOG_SUBSCRIPTION) }),
  "cloud-metrics": cloudMetricsConfig,
  tempo: () => ({ "tempo.yaml": tempoConfig({ bucketVariable: "TEMPO_BUCKET" }) }),
};

/**
 * The configuration files of a service on Google Cloud, by their path in the folder.
 *
 * @param folder The folder of `generated/` that the catalogue names.
 */
export function configFilesOf(folder: ConfigFolder, config: StackConfig): Files {
  return rendered[folder]?.(config) ?? committedFiles(folder);
}

/** Files of Compose's services that hold budgets or addresses of this stack; none for a folder that is as committed. */
export function composeFilesOf(folder: ConfigFolder | "compose", config: StackConfig): Files | undefined {
  return folder === "gateway" || folder === "alertmanager" ? configFilesOf(folder, config) : undefined;
}

/**
 * Prometheus scrapes what has exactly one instance; what scales is pushed by the collector beside each instance. Of the
 * scraped, those on Cloud Run are reached by TLS.
 */
function prometheusSettings(config: StackConfig) {
  const { environment, project, region: location } = config;
  const singletons = cloudRunServices(config).filter(
    ({ singleton, name }) => singleton && name !== collector.pushesTo,
  );
  const machines = catalogue.filter((each) => each.managed === "machine" && stackHas(each, config));
  const settings = googlePrometheus({
    environment,
    project,
    location,
    targets: {
      ...Object.fromEntries(
        machines.flatMap(({ name, metrics }) =>
          metrics ? [[name, `${name}.${PRIVATE_ZONE}:${metrics.port}`]] : [],
        ),
      ),
      ...Object.fromEntries(
        singletons.filter(({ metrics }) => metrics).map(({ name }) => [name, `${runHost(name, config)}:443`]),
      ),
    },
    alertmanager: `${runHost("alertmanager", config)}:443`,
    links: {
      grafana: operatorsUrl("grafana", config),
      langfuse: operatorsUrl("langfuse-web", config),
    },
  });
  const sleeps = (job: string) => {
    const target = findService(job);
    return config.sizes.minInstances === 0 && target?.managed !== "machine" && !target?.singleton;
  };
  return {
    ...settings,
    scrape: settings.scrape.map((job) =>
      "static" in job.at && job.at.static.endsWith(":443") ? { ...job, scheme: "https" as const } : job,
    ),
    // What scales to zero may sleep: its silence is not an alert.
    jobs: settings.jobs.filter((job) => !sleeps(job)),
  };
}

/** Prometheus forgets when its instance is replaced; Managed Service for Prometheus keeps what it received. */
function history({ project }: StackConfig): Files {
  const source = {
    name: "Prometheus (history)",
    uid: "prometheus-history",
    type: "stackdriver",
    access: "proxy",
    editable: false,
    jsonData: { authenticationType: "gce", gceDefaultProject: project },
  };
  return {
    "provisioning/datasources/history.yaml": stringify({ apiVersion: 1, datasources: [source] }),
  };
}
