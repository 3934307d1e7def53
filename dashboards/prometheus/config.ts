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

function prometheusConfig({ environment, scrape, alertmanager, interval = 15 }: PrometheusSettings): object {
  const { scheme, ...at } = alertmanager;
  return {
    global: {
      scrape_interval: `${interval}s`,
      scrape_timeout: `${Math.min(interval, 10)}s`,
      evaluation_interval: `${interval}s`,
      external_labels: { environment },
    },
    rule_files: ["rules/*.yml"],
    alerting: { alertmanagers: [{ ...(scheme ? { scheme } : {}), ...discovery(at) }] },
    scrape_configs: scrape.map(({ job, path, at, scheme }) => ({
      job_name: job,
      ...(path === "/metrics" ? {} : { metrics_path: path }),
      ...(scheme ? { scheme } : {}),
      ...discovery(at),
    })),
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
