/** The three layers of the stack; the data stores belong to the layer they serve first. */
export type Layer = "application" | "gateway" | "llm-observability" | "infrastructure";

/** A rollout phase: 1 gateway and Langfuse, 2 Prometheus and Grafana, 3 logs, 4 alerting, 5 infrastructure traces. */
export type Phase = 1 | 2 | 3 | 4 | 5;

export const TARGETS = ["gcp", "compose", "local"] as const;
export type Target = (typeof TARGETS)[number];

/** The value of an environment variable; what depends on the target is named here and resolved by the target. */
export type EnvValue =
  | string
  | { secret: string }
  /**
   * `http://host:port` of another service, with an optional path; `port` names one of its `extraPorts`. Empty while the
   * stack's phase has not reached that service.
   */
  | { url: string; path?: string; scheme?: string; port?: string }
  | { host: string }
  | { port: string }
  | { setting: "environment" | "project" | "region" | "domain" }
  | { bucket: string }
  /** The address of the operators' browser for this service: on Google Cloud the one behind IAP. */
  | { publicUrl: string };

export interface Probe {
  /** Answers once the service can do its work. */
  path: string;
  /** Answers while the process lives, whatever it depends on: the platform restarts what does not. None: never restarted. */
  livePath?: string;
  /** Seconds that a start may take. */
  startupSeconds: number;
}

export interface Volume {
  name: string;
  mountPath: string;
  diskGiB: number;
}

/** A role in Google Cloud beyond the service's own secrets, buckets and configuration. */
export interface Grant {
  role: string;
  /** `project`: on the project; `itself`: on its own service account; else one log subscription. */
  on: "project" | "itself" | "log-subscription";
  why: string;
}

export interface Service {
  name: string;
  title: string;
  layer: Layer;
  phase: Phase;
  /** A key of `images`. */
  image: string;
  command?: string[];
  args?: string[];
  /** The port that clients use; none for a worker. */
  port?: number;
  /** More ports that it listens on, by what they are for. */
  extraPorts?: Record<string, number>;
  memoryMiB: number;
  /** vCPU. */
  cpu: number;
  /** HTTP readiness; services without HTTP name a command for Compose instead. */
  probe?: Probe;
  healthCommand?: string[];
  metrics?: { path: string; port: number };
  env: Record<string, EnvValue>;
  /** What a target sets beside `env`, or instead of one of its values. */
  targetEnv?: Partial<Record<Target, Record<string, EnvValue>>>;
  volumes?: Volume[];
  /** Folders of rendered files under `generated/`, by where they are mounted. */
  configFiles?: Record<string, string>;
  /** Secrets that are read as files: name of the secret by the file's path. */
  secretFiles?: Record<string, string>;
  /** Who reaches it beside the other services: customers, or operators (through IAP on Google Cloud). */
  exposedTo?: "customers" | "operators";
  /** It keeps state in memory or works between requests: exactly one instance that never sleeps. */
  singleton?: true;
  grants?: Grant[];
  /** Names of services that must be ready first. */
  dependsOn: string[];
  /** Why a target runs it another way or not at all. */
  targets?: Partial<Record<Target, string>>;
}

/** The environment of a service on one target. */
export function envOf(service: Service, target: Target): Record<string, EnvValue> {
  return { ...service.env, ...service.targetEnv?.[target] };
}
