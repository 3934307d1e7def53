import { IAMCustomRole as ProjectRole } from "@pulumi/gcp/projects/iamcustomRole";
import type { PolicyResource } from "@pulumi/policy";
import { catalogue } from "../../catalogue";
import { ON_DATABASE } from "../../components/office-hours";
import { allOf, type Rule } from "../rule";
import { grantsOf, isWholePolicy, memberOf, type Grant } from "./grants";
import { GATEWAY, gatewayAccount, isFor, runnersOf } from "./identities";

/** Roles on a whole project that workloads need: they read no data and change nothing but what they report. */
const PROJECT_ROLES = [
  "roles/aiplatform.user",
  "roles/bigquery.jobUser",
  "roles/cloudtrace.agent",
  "roles/logging.logWriter",
  "roles/monitoring.metricWriter",
  "roles/monitoring.viewer",
];

/** Roles that call a model on Google Cloud: https://cloud.google.com/iam/docs/roles-permissions/aiplatform */
const CALLS_PROVIDER = /^roles\/(aiplatform|ml|generativelanguage|discoveryengine|dialogflow|vertexai)\b/;

/** The role that stops and starts a database outside office hours: of no more than these permissions. */
const SLEEP_ROLE = /^projects\/[^/]+\/roles\/tollgateSleepDatabase$/;

/** Whether a grant is that role, of the stack's own making, on one resource. */
function putsToSleep({ role, props }: Grant, resources: PolicyResource[]): boolean {
  return (
    SLEEP_ROLE.test(role) &&
    /resource\.name == /.test(String(props.condition?.expression ?? UNTIL_UPDATE)) &&
    allOf(resources, ProjectRole).some(
      ({ props: made }) =>
        made.roleId === "tollgateSleepDatabase" &&
        (made.permissions ?? []).every((each) => ON_DATABASE.includes(each ?? "")),
    )
  );
}
/** A condition that names a resource is whole only once that has a name. */
const UNTIL_UPDATE = "resource.name == ";

const grants = (resources: PolicyResource[]): Grant[] => resources.flatMap(grantsOf);

export const projectRoles: Rule = {
  name: "project-roles",
  description: "On a whole project a workload has only roles that read no data and change nothing.",
  severity: "critical",
  remedy: "Grant a predefined role on the one resource that needs it",
  settings: { allowed: { type: "array", items: { type: "string" }, default: PROJECT_ROLES } },
  checkStack: (resources, { allowed }) => [
    ...resources
      .filter(({ type }) => isWholePolicy(type) && /^gcp:(projects|folder|organizations)\//.test(type))
      .map(({ name }) => `${name} replaces the whole IAM policy`),
    ...grants(resources)
      .filter(({ scope, role }) => scope === "wide" && !(allowed as string[]).includes(role))
      .filter((grant) => !putsToSleep(grant, resources))
      .map((grant) => `${grant.name} grants ${grant.role} on everything to ${memberOf(grant)}`),
  ],
};

export const providersThroughGateway: Rule = {
  name: "providers-through-gateway",
  description:
    "Only the gateway's account may call a provider's models: every call is checked against a budget.",
  severity: "critical",
  remedy: "Take the role from the account and let it call the gateway",
  checkStack: (resources) => {
    const gateway = gatewayAccount(resources);
    const granted = grants(resources)
      .filter((grant) => CALLS_PROVIDER.test(grant.role) && !isFor(gateway, grant))
      .map((grant) => `${grant.name} grants ${grant.role} to ${memberOf(grant)}`);
    const borrowed = runnersOf(resources)
      .filter(({ name, account }) => name !== GATEWAY && accountName(account) === GATEWAY)
      .map(({ name }) => `${name} runs as ${GATEWAY}`);
    return [...granted, ...borrowed];
  },
};

export const ownAccount: Rule = {
  name: "own-account",
  description: "Every workload runs as a service account of its own, never as the project's default account.",
  severity: "critical",
  remedy: "Give it a Workload of components/workload.ts",
  checkStack: (resources) => [
    ...runnersOf(resources)
      .filter(({ account }) => account === null || /(^|-)compute@|@appspot\./.test(account ?? ""))
      .map(({ name }) => `${name} runs as the project's default account`),
    ...sharedAccounts(resources),
  ],
};

/** A service's twin for operators runs as the service does: it is the same program. */
const TWIN_OF = new Map(
  catalogue.flatMap(({ name, operatorTwin }) =>
    operatorTwin ? [[`tollgate-${operatorTwin.name}`, `tollgate-${name}`]] : [],
  ),
);

/** Accounts of other workloads that a workload borrows, as far as addresses are known. */
function sharedAccounts(resources: PolicyResource[]): string[] {
  const runners = runnersOf(resources);
  const names = new Set(runners.map(({ name }) => name));
  return runners.flatMap(({ name, account }) => {
    const id = accountName(account);
    return id !== undefined && id !== name && id !== TWIN_OF.get(name) && names.has(id)
      ? [`${name} runs as ${id}`]
      : [];
  });
}

function accountName(account: string | undefined | null): string | undefined {
  return /(?:^|\/)([a-z][a-z0-9-]*)@/.exec(account ?? "")?.[1];
}
