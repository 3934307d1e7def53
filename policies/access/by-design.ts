import { customerService } from "../../catalogue";
import { GATEWAY } from "./identities";
import { stackList } from "../stack-settings";
import type { Rule } from "../rule";
import { bucketOf, JOBS_OF_PEOPLE, rightsOf, SERVICES_OF_PEOPLE } from "./designed";
import { grantsIn, memberOf, type Grant } from "./grants";
import { CALLS_PROVIDER, PROJECT_ROLES } from "./project-roles";

/** Changes how many instances run outside office hours, by roles of the stack's own making. */
const OFFICE = /^tollgate-office/;

const CUSTOM_ROLE = /^projects\/[^/]+\/roles\/tollgate(Sleep|SleepDatabase)$/;

/** Google's own accounts that write to a topic or a bucket of the stack, and that call a service behind the proxy. */
const LOG_SINK = /^serviceAccount:.+@(gcp-sa-logging|system)\.(iam\.)?gserviceaccount\.com$/;
const PROXY = /^serviceAccount:.+@gcp-sa-iap\.iam\.gserviceaccount\.com$/;

export const grantsByDesign: Rule = {
  name: "grants-by-design",
  description:
    "Every account has only the rights in the catalogue; people have only those of tollgate:operators and tollgate:admins.",
  severity: "critical",
  remedy: "Give the right to the service in catalogue/, or name the person in the stack's settings",
  checkStack: (resources) => [
    ...grantsIn(resources)
      // What the rules on roles say is not said twice.
      .filter(
        ({ scope, role }) =>
          scope === "resource" || (PROJECT_ROLES.includes(role) && !CALLS_PROVIDER.test(role)),
      )
      .filter((grant) => !isDesigned(grant))
      .map((grant) => `${grant.name} grants ${grant.role} on ${placeOf(grant)} to ${memberOf(grant)}`),
    ...resources
      .filter(({ type }) => /^gcp:serviceaccount\/key:/.test(type))
      .map(({ name }) => `${name} is a key of a service account, which works for whoever has it`),
  ],
};

function isDesigned(grant: Grant): boolean {
  const { role, member } = grant;
  // Google's own accounts are none of the stack's.
  const accounts = [LOG_SINK, PROXY].some((agent) => agent.test(member ?? "")) ? [] : grant.accounts;
  if (accounts.length > 0)
    return accounts.every(
      (account) =>
        rightsOf(account).has(`${role} on ${placeOf(grant)}`) || (OFFICE.test(account) && isOffice(grant)),
    );
  const { props } = grant;
  switch (role) {
    case "roles/run.invoker":
      if (member === "allUsers") return isOpen(grant);
      return SERVICES_OF_PEOPLE.includes(nameOf(grant)) && isUnknownOr(PROXY, member);
    case "roles/iap.httpsResourceAccessor":
      return (
        SERVICES_OF_PEOPLE.includes(lastOf(props.cloudRunServiceName)) && isAmong(member, people().operators)
      );
    case "roles/run.jobsExecutorWithOverrides":
    case "roles/run.viewer":
      return JOBS_OF_PEOPLE.includes(nameOf(grant)) && isAmong(member, people().admins);
    case "roles/storage.objectViewer":
      return placeOf(grant) === "bucket answers" && isAmong(member, people().admins);
    case "roles/pubsub.publisher":
    case "roles/storage.objectCreator":
      return /^(topic logs|bucket log-archive)$/.test(placeOf(grant)) && isUnknownOr(LOG_SINK, member);
    default:
      return false;
  }
}

/** What customers reach asks every caller for a customer's key: the rule on everybody knows it. */
function isOpen(grant: Grant): boolean {
  return (
    grant.type.startsWith("gcp:cloudrunv2/service") && nameOf(grant) === `tollgate-${customerService.name}`
  );
}

/** Whether it is a right to put one thing to sleep: a role of the stack's own, or to act as the account of what sleeps. */
function isOffice({ role, props }: Grant): boolean {
  if (CUSTOM_ROLE.test(role)) return true;
  return (
    role === "roles/iam.serviceAccountUser" && !String(props.serviceAccountId ?? "").includes(`/${GATEWAY}@`)
  );
}

function people(): { operators?: string[]; admins?: string[] } {
  const operators = stackList("tollgate:operators");
  return { operators, admins: stackList("tollgate:admins") ?? operators };
}

/** Where the stack's settings are not known, people and groups only. */
function isAmong(member: string | undefined, named: string[] | undefined): boolean {
  if (member === undefined) return true;
  return named ? named.includes(member) : /^(user|group|domain):/.test(member);
}

function isUnknownOr(pattern: RegExp, member: string | undefined): boolean {
  return member === undefined || pattern.test(member);
}

function nameOf({ props }: Grant): string {
  return lastOf(props.name);
}

/** Once a resource is there, the engine hands over its whole name, such as `projects/p/locations/l/jobs/tollgate-admin`. */
function lastOf(name: unknown): string {
  return String(name ?? "")
    .split("/")
    .at(-1)!;
}

/** What a right is on, as the design names it: `bucket loki`. */
function placeOf({ type, props, scope, accounts }: Grant): string {
  const [, module = "", kind = ""] = /^gcp:([^/]+)\/(\w+):/.exec(type) ?? [];
  if (scope === "wide") return module === "projects" ? "project" : module;
  switch (module) {
    case "secretmanager":
      return `secret ${lastOf(props.secretId)}`;
    case "storage":
      return `bucket ${bucketOf(String(props.bucket ?? ""))}`;
    case "pubsub":
      return /^topic/i.test(kind)
        ? `topic ${unprefixed(lastOf(props.topic))}`
        : `subscription ${unprefixed(lastOf(props.subscription))}`;
    case "serviceaccount":
      return targets(props.serviceAccountId, accounts)
        ? "itself"
        : `account ${lastOf(props.serviceAccountId)}`;
    case "artifactregistry":
      return "repository";
    case "cloudrunv2":
      return `${/^job/i.test(kind) ? "job" : "service"} ${unprefixed(lastOf(props.name))}`;
    default:
      return `${module} ${lastOf(props.name)}`;
  }
}

function unprefixed(name: string): string {
  return name.replace(/^tollgate-/, "");
}

/** Whether a role on a service account is for that account. One that is not known yet is: another rule sees its dependencies. */
function targets(serviceAccountId: unknown, accounts: string[]): boolean {
  return typeof serviceAccountId !== "string" || accounts.every((id) => serviceAccountId.includes(`/${id}@`));
}
