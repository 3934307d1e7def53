import { IAMCustomRole as ProjectRole } from "@pulumi/gcp/projects/iamcustomRole";
import type { PolicyResource } from "@pulumi/policy";
import { catalogue } from "../../catalogue";
import { ON_DATABASE } from "../../components/office-hours";
import { allOf, type Rule } from "../rule";
import { stackSetting } from "../stack-settings";
import { grantsIn, isWholePolicy, memberOf, type Grant } from "./grants";
import { GATEWAY, gatewayAccount, isFor, runnersOf } from "./identities";
import { CALLS_PROVIDER, PROJECT_ROLES } from "./project-roles";

/** The role that stops and starts a database outside office hours: of no more than these permissions. */
const SLEEP_ROLE = /^projects\/[^/]+\/roles\/tollgateSleepDatabase$/;

/** Whether a grant is that role, of the stack's own making, on one resource. */
function putsToSleep({ role, props }: Grant, resources: PolicyResource[]): boolean {
  return (
    SLEEP_ROLE.test(role) &&
    props.condition !== undefined &&
    ON_ONE_DATABASE.test(String(props.condition.expression ?? UNTIL_UPDATE)) &&
    allOf(resources, ProjectRole).some(
      ({ props: made }) =>
        made.roleId === "tollgateSleepDatabase" &&
        (made.permissions ?? []).every((each) => ON_DATABASE.includes(each ?? "")),
    )
  );
}
/** A condition that names a resource is whole only once that has a name. */
const UNTIL_UPDATE = 'resource.name == ""';
const ON_ONE_DATABASE =
  /^(resource\.type == "sqladmin\.googleapis\.com\/Instance" && )?resource\.name == "[\w./-]*"$/;

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
    ...grantsIn(resources)
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
    const granted = grantsIn(resources)
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
  description: "Every workload runs as its own service account, never as the project's default account.",
  severity: "critical",
  remedy: "Give it a Workload of components/workload.ts",
  checkStack: (resources) => [
    ...runnersOf(resources)
      .filter(({ account }) => account === null || /(^|-)compute@|@appspot\./.test(account ?? ""))
      .map(({ name }) => `${name} runs as the project's default account`),
    ...borrowedAccounts(resources),
  ],
};

/** A service's twin for operators runs as the service does: it is the same program. */
const TWIN_OF = new Map(
  catalogue.flatMap(({ name, operatorTwin }) =>
    operatorTwin ? [[`tollgate-${operatorTwin.name}`, `tollgate-${name}`]] : [],
  ),
);

/** Accounts that a workload borrows, of another or of another project, as far as addresses are known. */
function borrowedAccounts(resources: PolicyResource[]): string[] {
  const project = stackSetting("gcp:project");
  return runnersOf(resources).flatMap(({ name, account }) => {
    const id = accountName(account);
    if (id === undefined) return [];
    const own = [name, `tollgate-${name}`, TWIN_OF.get(name)].includes(id);
    const here = project === undefined || account!.endsWith(`@${project}.iam.gserviceaccount.com`);
    return own && here ? [] : [`${name} runs as ${own ? account : id}`];
  });
}

function accountName(account: string | undefined | null): string | undefined {
  return /(?:^|\/)([a-z][a-z0-9-]*)@/.exec(account ?? "")?.[1];
}
