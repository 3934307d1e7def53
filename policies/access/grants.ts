import type { PolicyResource } from "@pulumi/policy";
import { Account } from "@pulumi/gcp/serviceaccount/account";
import type { Props } from "../known";

/** A role that a resource of the stack grants to a member. */
export interface Grant {
  /** Name of the resource that grants it. */
  name: string;
  type: string;
  /** The inputs of that resource: they say what the role is on. */
  props: Props;
  /** How far the role reaches: a project and all above it, or one resource. */
  scope: "wide" | "resource";
  role: string;
  /** Such as `serviceAccount:tollgate-agent@project.iam.gserviceaccount.com`; none while it is known only after the update. */
  member?: string;
  /** Ids of the stack's service accounts that the member may be, such as `tollgate-agent`. */
  accounts: string[];
}

/** Modules of the provider whose IAM reaches everything below: https://cloud.google.com/iam/docs/resource-hierarchy-access-control */
const WIDE = /^gcp:(projects|folder|organizations|billing|resourcemanager|tags)\//;
const IAM = /^gcp:.*(IAM|Iam)(Member|Binding|Policy)$/;
const ACCESS_LIST = /^gcp:storage\/.*:(\w*AccessControl|\w*ACL)$/;
const DATASET = /^gcp:bigquery\/.*:(Dataset|DatasetAccess)$/;

/** Canned access lists that admit people outside the stack: https://cloud.google.com/storage/docs/access-control/lists#predefined-acl */
const PREDEFINED: Record<string, string> = {
  publicRead: "allUsers",
  publicReadWrite: "allUsers",
  authenticatedRead: "allAuthenticatedUsers",
};

/** What a resource grants to whom: by IAM, by an access list of Cloud Storage or by a dataset of BigQuery. */
function grantsOf(resource: PolicyResource): Grant[] {
  const { type, name, props } = resource;
  const accounts = accountsOf(resource);
  return pairsOf(type, props).map(([role, member]) => {
    const own = member === undefined ? accounts : [accountId(member)].filter((id) => id !== undefined);
    const scope = WIDE.test(type) ? ("wide" as const) : ("resource" as const);
    return { name, type, props, scope, role, member, accounts: own };
  });
}

/** Every grant of a stack. Many rules ask for them: they are found once for each list of resources. */
export function grantsIn(resources: PolicyResource[]): Grant[] {
  const before = found.get(resources);
  if (before) return before;
  const grants = resources.flatMap(grantsOf);
  found.set(resources, grants);
  return grants;
}

const found = new WeakMap<PolicyResource[], Grant[]>();

/** Whether a resource replaces everything that others grant on the same thing. */
export function isWholePolicy(type: string): boolean {
  return IAM.test(type) && type.endsWith("Policy");
}

/** Who a grant is for, in words. */
export function memberOf({ member, accounts }: Grant): string {
  return member ?? (accounts.length > 0 ? accounts.join(" or ") : "another account");
}

type Pair = [role: string, member: string | undefined];

function pairsOf(type: string, props: Props): Pair[] {
  if (IAM.test(type)) {
    if (typeof props.policyData === "string") return bindingsOf(props.policyData);
    const members: (string | undefined)[] = Array.isArray(props.members) ? props.members : [props.member];
    return members.map((member) => [String(props.role ?? "an unknown role"), member]);
  }
  if (ACCESS_LIST.test(type)) {
    const list: (string | undefined)[] = Array.isArray(props.roleEntities) ? props.roleEntities : [];
    return [
      ...list.map((pair): Pair => [String(pair).split(":")[0]!, String(pair).split(":").slice(1).join(":")]),
      ...(props.entity === undefined ? [] : [[String(props.role), String(props.entity)] as Pair]),
      ...[props.predefinedAcl, props.defaultAcl].flatMap((acl) => {
        const member = PREDEFINED[String(acl)];
        return member ? [[String(acl), member] as Pair] : [];
      }),
    ];
  }
  if (DATASET.test(type)) {
    const accesses: Props[] = type.endsWith("DatasetAccess") ? [props] : (props.accesses ?? []);
    return accesses.flatMap(({ role, specialGroup, iamMember }): Pair[] =>
      [specialGroup, iamMember].filter(Boolean).map((member) => [String(role), String(member)]),
    );
  }
  return [];
}

function bindingsOf(policyData: string): Pair[] {
  try {
    const { bindings = [] } = JSON.parse(policyData) as { bindings?: { role: string; members?: string[] }[] };
    return bindings.flatMap(({ role, members = [] }) => members.map((member): Pair => [role, member]));
  } catch {
    return [["an unreadable policy", undefined]];
  }
}

/** The id of a service account of the stack, such as `tollgate-agent`. */
function accountId(member: string): string | undefined {
  return /^serviceAccount:([a-z][a-z0-9-]*)@/.exec(member)?.[1];
}

/** The service accounts that a resource refers to: while a member's address is unknown, it is one of these. */
function accountsOf({ dependencies }: PolicyResource): string[] {
  return dependencies
    .filter((resource) => resource.isType(Account))
    .map(({ props, name }) => unlessUnknown(() => String(props.accountId ?? name)) ?? name);
}

function unlessUnknown(read: () => string): string | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
