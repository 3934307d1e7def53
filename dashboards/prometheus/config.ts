import { stringify } from "yaml";
import type { Links } from "../links";
import { ruleGroups } from "./rules";

/** How an address is found: fixed, or by a DNS name that exists only while the service runs. */
export type Discovery = { static: string } | { dns: string; port: number };

export interface ScrapeJob {
  job: string;
  path: string;
  at: Discovery;
  scheme?: "http" | "https";
}

/** What a target decides about its Prometheus. */
export interface PrometheusSettings {
  /** `local`, `dev`, `prod`: a label of everything that leaves this server. */
  environment: string;
  scrape: ScrapeJob[];
  /** Jobs whose absence is an alert; also those that are pushed here by collectors. */
  jobs: readonly string[];
  alertmanager: Discovery & { scheme?: "http" | "https" };
  links: Links;
  /** Seconds between scrapes, and between evaluations of the rules. */
  interval?: number;
  /** Google Cloud's Managed Service for Prometheus, which keeps the history. */
  history?: { project: string; location: string };
  /** See `RuleSettings.holdFor`. */
  holdFor?: string;
}

/**
 * Prometheus's files by their path in its configuration folder: `prometheus.yml` and `rules/<group>.yml`.
 *
 * The rules are kept to what both 2.42 (Debian's, which tests them) and 3.x (the image) accept.
 */
export function prometheusFiles(settings: PrometheusSettings): Record<string, string> {
  const files: Record<string, string> = { "prometheus.yml": yaml(prometheusConfig(settings)) };
  for (const group of ruleGroups(settings)) files[`rules/${group.name}.yml`] = yaml({ groups: [group] });
  return files;
}

function prometheusConfig({
  environment,
  scrape,
  alertmanager,
  interval = 15,
  history,
}: PrometheusSettings): object {
  const { scheme, ...at } = alertmanager;
  return {
    global: {
      scrape_interval: `${interval}s`,
      scrape_timeout: `${Math.min(interval, 10)}s`,
      evaluation_interval: `${interval}s`,
      external_labels: {
        environment,
        ...(history
          ? { project_id: history.project, location: history.location, cluster: `tollgate-${environment}` }
          : {}),
      },
    },
    rule_files: ["rules/*.yml"],
    alerting: { alertmanagers: [{ ...(scheme ? { scheme } : {}), ...discovery(at) }] },
    scrape_configs: scrape.map(({ job, path, at, scheme }) => ({
      job_name: job,
      ...(path === "/metrics" ? {} : { metrics_path: path }),
      ...(scheme ? { scheme } : {}),
      ...discovery(at),
    })),
    ...(history ? { remote_write: [managedPrometheus(history)] } : {}),
  };
}

/** Raw series that a look back over weeks needs, a few of each. */
const HISTORY = ["up", "ALERTS", "tollgate_customers", "tollgate_tier_.+"];

/**
 * Remote write to Managed Service for Prometheus, with the service account's own identity. `google_iam` and version 2 of
 * the protocol are Prometheus 3's; against Google's API this is unverified here.
 */
function managedPrometheus({ project }: { project: string }): object {
  return {
    name: "google-managed-prometheus",
    url: "https://monitoring.googleapis.com/v1/prometheus/api/v1/write",
    protobuf_message: "io.prometheus.write.v2.Request",
    headers: { "X-Goog-User-Project": project },
    google_iam: {},
    queue_config: { max_samples_per_send: 200 },
    // Each sample costs money: only what the rules record, and what a look back also needs.
    write_relabel_configs: [
      { source_labels: ["__name__"], regex: `.+:.+|${HISTORY.join("|")}`, action: "keep" },
    ],
  };
}

function discovery(at: Discovery): object {
  return "static" in at
    ? { static_configs: [{ targets: [at.static] }] }
    : { dns_sd_configs: [{ names: [at.dns], type: "A", port: at.port }] };
}

/** YAML that no width folds: one rule, one line, one diff. */
export function yaml(value: unknown): string {
  return stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });
}
