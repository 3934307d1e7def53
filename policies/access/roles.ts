import { IAMCustomRole as OrganizationRole } from "@pulumi/gcp/organizations/iamcustomRole";
import { IAMCustomRole as ProjectRole } from "@pulumi/gcp/projects/iamcustomRole";
import type { PolicyResource } from "@pulumi/policy";
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

/** Roles that change who may do what, or everything of a resource. */
const POWERFUL = /(owner|editor|admin|manager|setiampolicy)$|legacybucketwriter|^roles\/(viewer|browser)$/i;

/** Roles that call a model on Google Cloud: https://cloud.google.com/iam/docs/roles-permissions/aiplatform */
const CALLS_PROVIDER = /^roles\/(aiplatform|ml|generativelanguage|discoveryengine|dialogflow|vertexai)\b/;

/** Roles that act as a service account: https://cloud.google.com/iam/docs/service-account-permissions */
const IMPERSONATES =
  /^roles\/iam\.(serviceAccount(User|TokenCreator|OpenIdTokenCreator|KeyAdmin)|workloadIdentityUser)$/;

/** Permissions that a role of the stack's own must not hold: they lead past the budgets or to other people's rights. */
const FORBIDDEN_PERMISSIONS =
  /^(aiplatform|ml|generativelanguage|discoveryengine)\.|\.setIamPolicy$|^secretmanager\.versions\.access$|^iam\.(serviceAccounts\.(actAs|getAccessToken|getOpenIdToken|implicitDelegation|signBlob|signJwt)|serviceAccountKeys\.create|roles\.(create|update))$/;

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
      .map((grant) => `${grant.name} grants ${grant.role} on everything to ${memberOf(grant)}`),
  ],
};

export const noPowerfulRoles: Rule = {
  name: "no-powerful-roles",
  description:
    "No identity owns, edits or administers what the stack makes, and none acts as another account.",
  severity: "critical",
  remedy: "Grant the narrowest predefined role that does the work",
  checkStack: (resources) => {
    const powerful = grants(resources).filter(
      ({ role, scope }) => scope === "resource" && POWERFUL.test(role),
    );
    const other = grants(resources).filter(
      ({ role, scope, member, accounts, props }) =>
        scope === "resource" &&
        IMPERSONATES.test(role) &&
        !isItself(props.serviceAccountId, member, accounts),
    );
    return [
      ...powerful.map((grant) => `${grant.name} grants ${grant.role} to ${memberOf(grant)}`),
      ...other.map((grant) => `${grant.name} lets ${memberOf(grant)} act as another account (${grant.role})`),
    ];
  },
};

export const customRoles: Rule = {
  name: "custom-roles",
  description: "A role of the stack's own leads neither past the budgets nor to other people's rights.",
  severity: "critical",
  remedy: "Take the permission out of the role, or grant a predefined role in its place",
  checkStack: (resources) => {
    const own = [...allOf(resources, ProjectRole), ...allOf(resources, OrganizationRole)];
    const forbidden = own.flatMap(({ name, props }) =>
      (props.permissions ?? [])
        .filter((permission) => permission === undefined || FORBIDDEN_PERMISSIONS.test(permission))
        .map((permission) => `${name} includes ${permission ?? "a permission that is not known"}`),
    );
    const known = new Set(own.map(({ name, props }) => props.roleId ?? name));
    const foreign = grants(resources)
      .filter(({ role }) => !role.startsWith("roles/") && /\/roles\//.test(role))
      .filter(({ role }) => !known.has(role.split("/").at(-1)!))
      .map(({ name, role }) => `${name} grants ${role}, which is not part of the stack`);
    return [...forbidden, ...foreign];
  },
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

/** Accounts of other workloads that a workload borrows, as far as addresses are known. */
function sharedAccounts(resources: PolicyResource[]): string[] {
  const runners = runnersOf(resources);
  const names = new Set(runners.map(({ name }) => name));
  return runners.flatMap(({ name, account }) => {
    const id = accountName(account);
    return id !== undefined && id !== name && names.has(id) ? [`${name} runs as ${id}`] : [];
  });
}

function accountName(account: string | undefined | null): string | undefined {
  return /(?:^|\/)([a-z][a-z0-9-]*)@/.exec(account ?? "")?.[1];
}

/** Whether a role on a service account is for that account itself. */
function isItself(target: unknown, member: string | undefined, accounts: string[]): boolean {
  if (typeof target === "string" && member !== undefined) return target.includes(member.split(":")[1]!);
  return accounts.length === 1;
}
