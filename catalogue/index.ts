import { application } from "./application";
import { gateway } from "./gateway";
import { infrastructure } from "./infrastructure";
import { jobs as jobSpecs } from "./jobs";
import { llmObservability } from "./llm-observability";
import type { Phase } from "./phase";
import type {
  EnvValue as AnyEnvValue,
  JobSpec,
  Ref as AnyRef,
  ServiceSpec,
  Text as AnyText,
  Volume,
} from "./spec";

export { bucketSpecs, type BucketName } from "./buckets";
export { DATABASE_CA, databaseUrl, type DatabaseClient } from "./database-url";
export { databaseOf, databases, roleNames, type DatabaseName, type RoleName } from "./databases";
export {
  isOwnImage,
  OWN_IMAGES,
  ownImages,
  programs,
  type ProgramName,
  publicImageReference,
  type ImageName,
  type OwnImageName,
} from "./images";
export { collector, router } from "./infrastructure";
export { LANGFUSE_USER } from "./llm-observability";
export { ports } from "./ports";
export {
  leadsToPostgres,
  secrets,
  secretSources,
  type SecretForm,
  type SecretName,
  type SecretSource,
} from "./secrets";
export type { InstanceGroup, Share } from "./spec";
export type { Layer, Phase } from "./phase";
export type { CloudSetting, Grant, OptionalSetting, Probe, Setting, TargetName, Trigger } from "./spec";

const serviceSpecs = { ...application, ...gateway, ...llmObservability, ...infrastructure };

export type ServiceName = keyof typeof serviceSpecs;
export type JobName = keyof typeof jobSpecs;

type Specs = typeof serviceSpecs & typeof jobSpecs;
type FoldersOf<Spec> = Spec extends { configFiles: infer Files } ? Files[keyof Files] : never;
/** A folder of rendered files under `generated/` that something mounts. */
export type ConfigFolder = { [Name in keyof Specs]: FoldersOf<Specs[Name]> }[keyof Specs];
type VolumesOf<Spec> = Spec extends { volumes: readonly { name: infer Name }[] } ? Name : never;
export type VolumeName = { [Name in ServiceName]: VolumesOf<(typeof serviceSpecs)[Name]> }[ServiceName];

interface Named<Name> {
  readonly name: Name;
  readonly configFiles?: Readonly<Record<string, ConfigFolder>>;
}
export interface Service
  extends Omit<ServiceSpec<ServiceName>, "configFiles" | "volumes">, Named<ServiceName> {
  readonly volumes?: readonly (Volume & { name: VolumeName })[];
}
export interface Job extends Omit<JobSpec<ServiceName, JobName>, "configFiles">, Named<JobName> {}
export type Unit = Service | Job;
export type Ref = AnyRef<ServiceName>;
export type Text = AnyText<ServiceName>;
export type EnvValue = AnyEnvValue<ServiceName>;

// Here the compiler checks that every name used in the catalogue exists.
const servicesByName: { readonly [Name in ServiceName]: Service } = named<ServiceName, Omit<Service, "name">>(
  serviceSpecs,
);
const jobsByName: { readonly [Name in JobName]: Job } = named<JobName, Omit<Job, "name">>(jobSpecs);

function named<Name extends string, Spec>(
  specs: Readonly<Record<Name, Spec>>,
): Record<Name, Spec & { name: Name }> {
  const entries = Object.entries<Spec>(specs).map(([name, spec]) => [name, { name, ...spec }]);
  return Object.fromEntries(entries) as Record<Name, Spec & { name: Name }>;
}

/** Every service of the stack, once. The targets (Google Cloud, Compose, this machine) run these. */
export const catalogue: readonly Service[] = Object.values(servicesByName);

/** Every job of the stack, once. */
export const jobs: readonly Job[] = Object.values(jobsByName);

export function service(name: ServiceName): Service {
  return servicesByName[name];
}

export function job(name: JobName): Job {
  return jobsByName[name];
}

/** The service of a name that comes from elsewhere, such as a label or a command line. */
export function findService(name: string): Service | undefined {
  return catalogue.find((candidate) => candidate.name === name);
}

/** The service that enforces the budgets: it alone calls providers. */
export const budgetEnforcer = theOneThat("enforces budgets", ({ enforcesBudgets }) => enforcesBudgets);

/** The service that customers reach. */
export const customerService = theOneThat(
  "is exposed to customers",
  ({ exposedTo }) => exposedTo === "customers",
);

/** The service that collects the logs of the others. */
export const logCollector = theOneThat("collects logs", ({ collectsLogs }) => collectsLogs);

function theOneThat(does: string, has: (each: Service) => boolean | undefined): Service {
  const [found, ...others] = catalogue.filter(has);
  if (!found || others.length > 0)
    throw new Error(`exactly one service of the catalogue must be one that ${does}`);
  return found;
}

export function isJob(unit: Unit): unit is Job {
  return "trigger" in unit;
}

/** The services that a stack at some phase runs. */
export function servicesOfPhase(phase: Phase): Service[] {
  return catalogue.filter((each) => each.phase <= phase);
}

/**
 * A port of a service.
 *
 * @param extra One of its `extraPorts`; its own unless given.
 * @throws Error when the catalogue has none for it.
 */
export function portOf(name: ServiceName, extra?: string): number {
  const { port, extraPorts } = service(name);
  const found = extra ? extraPorts?.[extra] : port;
  if (found === undefined)
    throw new Error(`${name} has no port${extra ? ` "${extra}"` : ""}: add it to the catalogue`);
  return found;
}
