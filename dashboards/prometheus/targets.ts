import { catalogue, ports, type Service } from "../../catalogue";
import type { Links } from "../links";
import type { PrometheusSettings, ScrapeJob } from "./config";

/** Where the runbooks are read. Change it to where your copy of this repository is hosted. */
export const RUNBOOKS = "https://github.com/example/tollgate/blob/main/docs/runbooks";

type Measured = Service & { metrics: NonNullable<Service["metrics"]> };

/** Services that publish metrics and run in Compose as they are in the catalogue. */
function measured(): Measured[] {
  return catalogue.filter(
    (service): service is Measured => service.metrics !== undefined && !service.targets?.compose,
  );
}

/** The jobs that are there as soon as Prometheus is: what starts in a later phase may be missing without being gone. */
function vitalJobs(services: Service[]): string[] {
  return services.filter(({ phase }) => phase <= 2).map(({ name }) => name);
}

/**
 * Docker Compose: every service under its own name. What starts in a later phase is found by DNS, so that a stack of phase 2
 * has no targets that are "down" because they were never started.
 */
export function composePrometheus(): PrometheusSettings {
  const services = measured();
  return {
    environment: "compose",
    scrape: services.map(({ name, phase, metrics }) => ({
      job: name,
      path: metrics.path,
      at: phase <= 2 ? { static: `${name}:${metrics.port}` } : { dns: name, port: metrics.port },
    })),
    jobs: vitalJobs(services),
    alertmanager: { dns: "alertmanager", port: ports.alertmanager },
    links: {
      grafana: `http://localhost:${ports.grafana}`,
      langfuse: `http://localhost:${ports.langfuse}`,
      runbooks: RUNBOOKS,
    },
  };
}

export interface LocalPrometheusOptions {
  /** `host:port` of each service's metrics that runs on this machine, by the catalogue's name. */
  targets: Record<string, string>;
  /** `host:port`. */
  alertmanager: string;
  links?: Partial<Links>;
  /** Seconds; default 15. */
  interval?: number;
  holdFor?: string;
}

/** This machine: the services that were started, wherever they listen. */
export function localPrometheus(options: LocalPrometheusOptions): PrometheusSettings {
  const { targets, alertmanager, links, interval, holdFor } = options;
  return {
    environment: "local",
    scrape: jobsAt(targets),
    jobs: Object.keys(targets),
    alertmanager: { static: alertmanager },
    links: { ...composePrometheus().links, ...links },
    interval,
    holdFor,
  };
}

export interface GooglePrometheusOptions {
  environment: string;
  /**
   * `host:port` of what Prometheus scrapes itself: services of one instance at a fixed address, as ClickHouse's VM. All
   * others are pushed by the collector in each instance, since a scrape through a load balancer hits a random one.
   */
  targets: Record<string, string>;
  /** Host and port of Alertmanager. */
  alertmanager: string;
  links: Omit<Links, "runbooks"> & { runbooks?: string };
}

/** Google Cloud: collectors push here by remote write, and one reads here what Managed Service for Prometheus keeps. */
export function googlePrometheus(options: GooglePrometheusOptions): PrometheusSettings {
  const { environment, targets, alertmanager, links } = options;
  return {
    environment,
    scrape: jobsAt({ prometheus: `localhost:${ports.prometheus}`, ...targets }),
    jobs: [...new Set([...vitalJobs(measured()), ...Object.keys(targets)])],
    alertmanager: { static: alertmanager },
    links: { runbooks: RUNBOOKS, ...links },
  };
}

function jobsAt(targets: Record<string, string>): ScrapeJob[] {
  return Object.entries(targets).map(([job, address]) => ({
    job,
    path: catalogue.find(({ name }) => name === job)?.metrics?.path ?? "/metrics",
    at: { static: address },
  }));
}
