import { Account } from "@pulumi/gcp/serviceaccount/account";
import type { PolicyResource } from "@pulumi/policy";
import { allOf, type Rule } from "../rule";
import { grantsIn, memberOf, type Grant } from "./grants";
import { GATEWAY } from "./identities";

/** Roles that a stack grants on one thing, each after the provider's module of that thing. */
const RESOURCE_ROLES = [
  "artifactregistry roles/artifactregistry.reader",
  "cloudrunv2 roles/run.invoker",
  "cloudrunv2 roles/run.jobsExecutorWithOverrides",
  "cloudrunv2 roles/run.viewer",
  "iap roles/iap.httpsResourceAccessor",
  "pubsub roles/pubsub.publisher",
  "pubsub roles/pubsub.subscriber",
  "secretmanager roles/secretmanager.secretAccessor",
  "serviceaccount roles/iam.serviceAccountTokenCreator",
  "serviceaccount roles/iam.serviceAccountUser",
  "storage roles/storage.objectCreator",
  "storage roles/storage.objectUser",
  "storage roles/storage.objectViewer",
];

/** With these a person runs commands as a job's account: no workload may. */
const FOR_PEOPLE = ["roles/run.jobsExecutorWithOverrides", "roles/iap.httpsResourceAccessor"];

/** Roles that act as a service account: https://cloud.google.com/iam/docs/service-account-permissions */
const ACTS_AS = /^roles\/iam\.(serviceAccount\w+|workloadIdentityUser)$/;

/** Changes how many instances run outside office hours, which Cloud Run asks for the right to act as their account. */
const OFFICE = "tollgate-office";

export const noPowerfulRoles: Rule = {
  name: "no-powerful-roles",
  description:
    "On one resource an identity has only roles that its work needs: none owns, edits or administers it, and none acts as another account.",
  severity: "critical",
  remedy: "Grant the narrowest predefined role that does the work",
  settings: { allowed: { type: "array", items: { type: "string" }, default: RESOURCE_ROLES } },
  checkStack: (resources, { allowed }) => {
    const own = accountsIn(resources);
    const grants = grantsIn(resources).filter(({ scope }) => scope === "resource");
    return [
      ...grants
        .filter(({ role }) => !/\/roles\//.test(role))
        .filter(({ type, role }) => !(allowed as string[]).includes(`${moduleOf(type)} ${role}`))
        .map((grant) => `${grant.name} grants ${grant.role} to ${memberOf(grant)}`),
      ...grants
        .filter((grant) => FOR_PEOPLE.includes(grant.role) && isWorkload(grant, own))
        .map(
          (grant) => `${grant.name} grants ${grant.role} to ${memberOf(grant)}, which is not for a workload`,
        ),
      ...grants
        .filter((grant) => ACTS_AS.test(grant.role) && !isItself(grant) && !isOffice(grant))
        .map((grant) => `${grant.name} lets ${memberOf(grant)} act as another account (${grant.role})`),
    ];
  },
};

/** Modules whose resources hold what the stack stores. */
const STORES = ["artifactregistry", "pubsub", "secretmanager", "storage"];

/** Google's own accounts, which act for its services: https://cloud.google.com/iam/docs/service-agents */
const SERVICE_AGENT = /^serviceAccount:.+@(gcp-sa-[a-z0-9-]+|cloudservices)\.iam\.gserviceaccount\.com$/;

export const ownMembers: Rule = {
  name: "own-members",
  description:
    "What the stack stores is granted to its own accounts; people read the answers to their commands only.",
  severity: "critical",
  remedy: "Grant it to a service account of the stack",
  checkStack: (resources) => {
    const own = accountsIn(resources);
    return grantsIn(resources)
      .filter(({ type, member }) => STORES.includes(moduleOf(type)) && member !== undefined)
      .filter(
        ({ member = "", accounts }) => !SERVICE_AGENT.test(member) && !accounts.some((id) => own.has(id)),
      )
      .filter((grant) => !isReaderOfAnswers(grant))
      .map((grant) => `${grant.name} grants ${grant.role} to ${memberOf(grant)}, who is not of the stack`);
  },
};

function accountsIn(resources: PolicyResource[]): Set<string> {
  return new Set(allOf(resources, Account).map(({ name, props }) => props.accountId ?? name));
}

function moduleOf(type: string): string {
  return type.split(":")[1]!.split("/")[0]!;
}

function isWorkload({ member = "", accounts }: Grant, own: Set<string>): boolean {
  return accounts.some((id) => own.has(id)) || /-compute@developer\.|@appspot\./.test(member);
}

function isReaderOfAnswers({ role, member = "", props }: Grant): boolean {
  return (
    role === "roles/storage.objectViewer" &&
    /-answers$/.test(String(props.bucket)) &&
    /^(user|group|serviceAccount):/.test(member)
  );
}

/** Whether a role on a service account is for that account itself. */
function isItself({ props: { serviceAccountId: target }, member, accounts }: Grant): boolean {
  if (typeof target === "string" && member !== undefined) return target.includes(member.split(":")[1]!);
  return accounts.length === 1;
}

/** Whether a grant lets office hours change the instances of what sleeps; the gateway never does. */
function isOffice({ role, props, accounts }: Grant): boolean {
  return (
    role === "roles/iam.serviceAccountUser" &&
    accounts.includes(OFFICE) &&
    !String(props.serviceAccountId ?? "").includes(`/${GATEWAY}@`)
  );
}
