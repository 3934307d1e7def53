/** The three layers of the stack; the data stores belong to the layer they serve first. */
export type Layer = "application" | "gateway" | "llm-observability" | "infrastructure";

/** A rollout phase: 1 gateway and Langfuse, 2 Prometheus and Grafana, 3 logs, 4 alerting, 5 infrastructure traces. */
export type Phase = 1 | 2 | 3 | 4 | 5;

/** The value of an environment variable; what depends on the target is named here and resolved by the target. */
export type EnvValue =
  | string
  | { secret: string }
  /** `http://host:port` of another service, with an optional path. */
  | { url: string; path?: string }
  | { host: string }
  | { port: string }
  | { setting: "environment" | "project" | "region" | "domain" }
  | { bucket: string };

export interface Probe {
  path: string;
  /** Seconds that a start may take. */
  startupSeconds: number;
}

export interface Volume {
  name: string;
  mountPath: string;
  diskGiB: number;
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
  volumes?: Volume[];
  /** Files rendered under `generated/`, by where they are mounted. */
  configFiles?: Record<string, string>;
  /** Names of services that must be ready first. */
  dependsOn: string[];
  /** Why a target runs it another way or not at all. */
  targets?: Partial<Record<"gcp" | "compose" | "local", string>>;
}
