import type { BucketName } from "./buckets";
import type { ImageName, ProgramName } from "./images";
import type { Layer, Phase } from "./phase";
import type { SecretName } from "./secrets";

export const TARGETS = ["gcp", "compose", "local"] as const;
export type TargetName = (typeof TARGETS)[number];

/** What a stack sets: `bindAddress` is the address that its services listen on. */
export type Setting =
  | "environment"
  | "project"
  | "region"
  | "domain"
  | "bindAddress"
  | "dataSource"
  | CloudSetting
  | OptionalSetting;

/**
 * What only Google Cloud has: `logSubscription`, where the log sink exports to; `sharingServices`, the names of services that may
 * share an instance, separated by `|`; and how people sign in to Grafana (`grafanaRoles`, an expression over the proxy's
 * assertion) and Langfuse.
 */
export type CloudSetting =
  | "logSubscription"
  | "sharingServices"
  | "grafanaRoles"
  | "googleClientId"
  | "googleDomains"
  | "langfuseOwner"
  | "withoutPasswords"
  | "withoutSignUp";

/** What a stack may leave unset: the variable is then left out, or empty. */
export type OptionalSetting = "publicUrl" | "oauthIssuer" | "traceTexts";

/**
 * What depends on the target, and is resolved by it.
 *
 * @typeParam S The names of services: any text in the catalogue's files, literal names for its readers.
 */
export type Ref<S extends string = string> =
  /** `http://host:port` of another service; `extra` names one of its `extraPorts`. Left out while the stack does not have that service. */
  | { url: S; path?: string; scheme?: string; extra?: string; port?: never }
  | { host: S }
  | { port: S; extra?: string }
  /** `address:port` that the service itself listens on. */
  | { listen: S }
  | { setting: Setting }
  | { bucket: BucketName }
  /** Where an operator's browser opens the service: on Google Cloud behind Identity-Aware Proxy. */
  | { publicUrl: S }
  /** Whom the Identity-Aware Proxy's assertion must be made for when it lets a person in to the service. */
  | { iapAudience: S }
  /** A mounted file or folder, by its path in a container. */
  | { path: string }
  /** A program of the services' image: the bundle in a container, the source file on a machine that has it. */
  | { program: ProgramName };

/** Text, a reference, or both joined. */
export type Text<S extends string = string> = string | Ref<S> | readonly (string | Ref<S>)[];

/** The value of an environment variable. */
export type EnvValue<S extends string = string> = Text<S> | { secret: SecretName };

type Env<S extends string> = Readonly<Record<string, EnvValue<S>>>;

export interface Probe {
  /** Readiness: answers once the service can do its work. */
  path: string;
  /** Liveness: answers while the process lives, whatever it depends on; otherwise the platform restarts it. Default: none. */
  livePath?: string;
  /** Seconds allowed for a start. */
  startupSeconds: number;
}

export interface Volume {
  name: string;
  mountPath: string;
  diskGiB: number;
  /**
   * The bucket that is mounted there on Google Cloud, in place of memory: for whole files that one instance writes anew and
   * renames, as a mounted bucket has neither locks nor appends.
   */
  bucket?: BucketName;
  /** The bucket that keeps copies of its files where it is memory: they are restored from there when an instance starts. */
  keptIn?: BucketName;
}

/** Where a container finds the bucket of `keptIn`. */
export const KEPT = "/kept";

/** A role in Google Cloud beyond the service's own secrets, buckets and configuration. */
export interface Grant {
  role: string;
  /** `project`: on the project; `itself`: on its own service account; else one log subscription. */
  on: "project" | "itself" | "log-subscription";
  why: string;
}

/**
 * Which services may share one instance of Cloud Run, chosen by what fails together: a container that ends takes its instance
 * with it. `metrics` scrapes and alerts, `logs` keeps lines, `traces` keeps spans, `workers` only pull from queues that wait
 * for them.
 */
export type InstanceGroup = "metrics" | "logs" | "traces" | "workers";

/** A container that shares an instance: less than a service alone must take on Cloud Run. */
export interface Share {
  group: InstanceGroup;
  /** vCPU at least; what an instance of one vCPU has left goes to its first container. */
  cpu: number;
  /** MiB of the process, without its files. */
  memoryMiB: number;
}

/** What a service and a job have in common: a program in a container. */
interface ProgramSpec<S extends string, Need extends string> {
  title: string;
  layer: Layer;
  phase: Phase;
  image: ImageName;
  /** In place of the image's entry point. */
  command?: readonly Text<S>[];
  args?: readonly Text<S>[];
  env: Env<S>;
  /** What a target adds to `env`, or sets in place of one of its values. */
  targetEnv?: Readonly<Partial<Record<TargetName, Env<S>>>>;
  /** Folders of rendered files under `generated/`, by where they are mounted. */
  configFiles?: Readonly<Record<string, string>>;
  /** Secrets that are read as files: name of the secret by the file's path. */
  secretFiles?: Readonly<Record<string, SecretName>>;
  memoryMiB: number;
  /** vCPU. */
  cpu: number;
  grants?: readonly Grant[];
  /** What must be ready, or done, first. */
  dependsOn: readonly Need[];
  /** Why a target runs it another way or not at all. */
  targets?: Readonly<Partial<Record<TargetName, string>>>;
}

/** A program of `local/` that answers at a service's port. */
export interface Substitute {
  name: "otlp-sink" | "viewer";
  title: string;
  /** For operators. */
  note?: string;
}

export interface ServiceSpec<S extends string = string> extends ProgramSpec<S, S> {
  /** The port that clients use; none for a worker. */
  port?: number;
  /** More ports that it listens on, by what they are for. */
  extraPorts?: Readonly<Record<string, number>>;
  /** HTTP readiness; services without HTTP name a command for Compose instead. */
  probe?: Probe;
  healthCommand?: readonly Text<S>[];
  metrics?: { readonly path: string; readonly port: number };
  volumes?: readonly Volume[];
  /** Where its volumes are memory: what runs the image's own program, and further arguments for so many MiB of files. */
  withoutDisk?: { command?: readonly string[]; args: (mebibytes: number) => readonly string[] };
  /** Its image already has files in the folders of `configFiles`: ours are mounted one by one. */
  mountsFileByFile?: true;
  /** It collects the logs of the others: through Docker's socket on a machine, from the log subscription on Google Cloud. */
  collectsLogs?: true;
  /** Without it customers get no answer, or budgets are enforced unseen: its absence is critical. */
  vital?: true;
  /** Who reaches it apart from the other services: customers, or operators (through IAP on Google Cloud). */
  exposedTo?: "customers" | "operators";
  /** What takes its place and its port on the local target where it cannot run there. */
  substitute?: Substitute;
  /** Its second service for operators on Google Cloud, where callers inside the network cannot pass IAP. */
  operatorTwin?: { readonly name: string };
  /** On a single machine, who reaches its port: everyone, or that machine only (others through a tunnel). */
  published?: "everywhere" | "loopback";
  /** It keeps state in memory or works between requests: exactly one instance that never sleeps. */
  singleton?: true;
  /** On Google Cloud: with what it may share its one instance. */
  share?: Share;
  /** A client's requests go to one instance where the platform supports it: this saves work, but nothing depends on it. */
  affinity?: true;
  /** It alone holds providers' keys and calls them; its revisions carry the budgets in words, for readers of a preview. */
  enforcesBudgets?: true;
  /** The stack's setting without which its phase does not run it. */
  enabledBy?: "tempo";
  /** What a Redis does when its memory is full. */
  whenFull?: "noeviction" | "allkeys-lru";
  /** It keeps data: what replaces it on Google Cloud. */
  managed?: "database" | "redis" | "buckets" | "machine";
  /** The service that does its work on a target that runs no other for it. */
  standIn?: Readonly<Partial<Record<TargetName, S>>>;
}

/** When a job runs. */
export type Trigger<S extends string> =
  /** Before these services start, and again when what it applies changes. */
  | { readonly before: readonly S[] }
  /** Repeatedly, at this interval in seconds; after a failure, `retryAfter` seconds later. */
  | { readonly every: number; readonly retryAfter?: number }
  /** When an operator runs it. */
  | "manual";

export interface JobSpec<S extends string = string, J extends string = string> extends ProgramSpec<S, S | J> {
  trigger: Trigger<S>;
  /** What it applies besides its configuration files: it runs again when this changes. */
  applies?: "ledger-migrations";
}
