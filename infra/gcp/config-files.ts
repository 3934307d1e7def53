import { stringify } from "yaml";
import { alertmanagerFiles, defaultSettings, HEARTBEAT_FILE } from "../../dashboards/alertmanager";
import { collectorFiles } from "../../dashboards/alloy";
import { grafanaFiles } from "../../dashboards/grafana";
import { lokiConfig } from "../../dashboards/loki/config";
import { googlePrometheus, prometheusFiles } from "../../dashboards/prometheus";
import {
  catalogue,
  collector,
  findService,
  service,
  type ConfigFolder,
  type ServiceName,
} from "../../catalogue";
import type { StackConfig } from "../config";
import { gatewayFiles } from "../definitions-hash";
import { nativeFiles } from "../config-files/native";
import { tempoConfig } from "../config-files/tempo";
import { committedFiles } from "../rendered-folder";
import { operatorsUrl, PRIVATE_ZONE, runHost, serviceUrl } from "./addresses";
import { isPool, sharedInstanceOf } from "./instances";
import { cloudRunServices, stackHas } from "./services-of-stack";

type Files = Record<string, string>;

type Rendered = Partial<Record<ConfigFolder, (config: StackConfig) => Files>>;

/** Files that hold the stack's budgets and addresses for notifications, on Cloud Run and on a machine. */
const ofStack: Rendered = {
  gateway: ({ definitions }) => gatewayFiles(definitions),
  alertmanager: ({ alertEmail, heartbeat }) =>
    alertmanagerFiles({
      ...defaultSettings,
      ...(alertEmail ? { email: alertEmail } : {}),
      ...(heartbeat ? { heartbeat: HEARTBEAT_FILE } : {}),
    }),
};

/** Files that hold what Cloud Run's services have: addresses, buckets and the way that metrics take. */
const ofCloudRun: Rendered = {
  prometheus: (config) => ({
    ...prometheusFiles(prometheusSettings(config)),
    ...nativeFiles("prometheus/keep.sh"),
  }),
  grafana: (config) => ({
    ...grafanaFiles({
      langfuse: operatorsUrl("langfuse-web", config),
      tempo: stackHas(service("tempo"), config),
    }),
    ...history(config),
  }),
  loki: () => ({ "loki.yaml": lokiConfig("gcs") }),
  alloy: (config) => collectorFiles("logs", inPool("alloy", config)),
  "cloud-metrics": (config) => collectorFiles("platform", inPool("cloud-metrics", config)),
  tempo: () => ({ "tempo.yaml": tempoConfig({ bucketVariable: "TEMPO_BUCKET" }) }),
};

/** Whether a service runs in a worker pool, which nothing can scrape. */
function inPool(name: ServiceName, config: StackConfig): boolean {
  const shared = sharedInstanceOf(service(name), config);
  return shared !== undefined && isPool(shared);
}

/**
 * The configuration files of a service on Cloud Run, by their path in the folder.
 *
 * @param folder The folder of `generated/` that the catalogue names.
 */
export function configFilesOf(folder: ConfigFolder, config: StackConfig): Files {
  return ofCloudRun[folder]?.(config) ?? composeFilesOf(folder, config);
}

/** The files that a service or Compose itself reads on a stack's one machine, by their path in the folder. */
export function composeFilesOf(folder: ConfigFolder | "compose", config: StackConfig): Files {
  return (folder === "compose" ? undefined : ofStack[folder]?.(config)) ?? committedFiles(folder);
}

/**
 * Prometheus scrapes what has exactly one instance; what scales is pushed by the collector in each instance, and what runs
 * in a worker pool pushes itself. Of the scraped, those in other instances of Cloud Run are reached by TLS.
 */
function prometheusSettings(config: StackConfig) {
  const { environment } = config;
  const measured = cloudRunServices(config).filter(({ metrics }) => metrics);
  const scraped = measured.filter(
    ({ singleton, name }) => singleton && name !== collector.pushesTo && !inPool(name, config),
  );
  const prometheus = service(collector.pushesTo);
  const at = (name: ServiceName) => {
    const own = serviceUrl(name, config, {}, prometheus);
    return own.startsWith("http://") ? own.slice("http://".length) : `${runHost(name, config)}:443`;
  };
  const machines = catalogue.filter((each) => each.managed === "machine" && stackHas(each, config));
  const settings = googlePrometheus({
    environment,
    targets: {
      ...Object.fromEntries(
        machines.flatMap(({ name, metrics }) =>
          metrics ? [[name, `${name}.${PRIVATE_ZONE}:${metrics.port}`]] : [],
        ),
      ),
      ...Object.fromEntries(scraped.map(({ name }) => [name, at(name)])),
    },
    alertmanager: at("alertmanager"),
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
    alertmanager: at("alertmanager").endsWith(":443")
      ? { ...settings.alertmanager, scheme: "https" as const }
      : settings.alertmanager,
  };
}

/** Prometheus loses its data when its instance is replaced; Managed Service for Prometheus keeps what it received. */
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
