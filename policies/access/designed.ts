import { bucketSpecs, catalogue, jobs, secretSources, type Job, type Unit } from "../../catalogue";
import { bucketsOf, secretsOf } from "../../catalogue/target";
import { runnersOf } from "../catalogued/expected";

/**
 * What the design grants to one account of the stack: `ROLE on KIND NAME`, such as `roles/storage.objectUser on bucket loki`.
 *
 * @param account Id of the service account, such as `tollgate-agent`.
 */
export function rightsOf(account: string): ReadonlySet<string> {
  const before = rights.get(account);
  if (before) return before;
  const made = new Set(list(account.replace(/^tollgate-/, "")));
  rights.set(account, made);
  return made;
}

const rights = new Map<string, ReadonlySet<string>>();

const READ_SECRET = "roles/secretmanager.secretAccessor on secret";
const READ_CONFIG = "roles/storage.objectViewer on bucket config";
const PULL = "roles/artifactregistry.reader on repository";
const LOG = "roles/logging.logWriter on project";

function list(name: string): string[] {
  const onMachine = catalogue.find((each) => each.managed === "machine" && each.name === name);
  if (onMachine) return [...dataOf(onMachine), PULL, LOG];
  switch (name) {
    case "machine":
      return [
        ...secretSources.map(([secret]) => `${READ_SECRET} ${secret}`),
        ...[READ_CONFIG, PULL, LOG, "roles/aiplatform.user on project", "roles/bigquery.jobUser on project"],
      ];
    case "scheduler":
      return jobs.filter(isScheduled).map((job) => `roles/run.invoker on job ${job.name}`);
    default:
      return [...catalogue, ...jobs].filter((unit) => runnersOf(unit).includes(name)).flatMap(ofUnit);
  }
}

function ofUnit(unit: Unit): string[] {
  return [
    ...dataOf(unit),
    READ_CONFIG,
    ...(unit.grants ?? []).map(({ role, on }) =>
      on === "log-subscription" ? `${role} on subscription logs` : `${role} on ${on}`,
    ),
  ];
}

function dataOf(unit: Unit): string[] {
  return [
    ...secretsOf(unit, "gcp").map((secret) => `${READ_SECRET} ${secret}`),
    ...bucketsOf(unit, "gcp").map((bucket) => `roles/storage.objectUser on bucket ${bucket}`),
  ];
}

/** Whether a job runs on a schedule. */
export function isScheduled({ trigger }: Job): boolean {
  return typeof trigger === "object" && "every" in trigger;
}

/** Names of the jobs that operators run with their own commands. */
export const JOBS_OF_PEOPLE = jobs
  .filter((job) => bucketsOf(job, "gcp").includes("answers"))
  .map(({ name }) => `tollgate-${name}`);

/** Names of the services that people open behind the Identity-Aware Proxy. */
export const SERVICES_OF_PEOPLE = catalogue
  .filter(({ exposedTo }) => exposedTo === "operators")
  .map(({ name, operatorTwin }) => `tollgate-${operatorTwin?.name ?? name}`);

const BUCKETS = bucketSpecs.map(([name]) => name as string).concat("config");

/** The catalogue's name of a bucket of the stack, `<project>-<name>`. */
export function bucketOf(name: string): string {
  return (
    BUCKETS.filter((each) => name === each || name.endsWith(`-${each}`)).sort(
      (a, b) => b.length - a.length,
    )[0] ?? name
  );
}
