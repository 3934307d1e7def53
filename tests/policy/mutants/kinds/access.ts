import type { Resource } from "../../../../policies/evaluate";
import { changed, withOne, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

const AGENT = "serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com";
const DEFAULT = "serviceAccount:100000000001-compute@developer.gserviceaccount.com";

/** Roles that lead past the budgets, to every secret, or to everything. */
const ROLES = [
  "roles/aiplatform.user",
  "roles/aiplatform.admin",
  "roles/ml.developer",
  "roles/secretmanager.secretAccessor",
  "roles/secretmanager.admin",
  "roles/editor",
  "roles/owner",
  "roles/viewer",
  "roles/iam.serviceAccountTokenCreator",
  "roles/iam.serviceAccountUser",
  "roles/resourcemanager.projectIamAdmin",
  "roles/run.admin",
  "roles/storage.admin",
  "projects/tollgate-prod/roles/caller",
  "organizations/1/roles/caller",
];

const WIDE = ["projects", "folder", "organizations"];

export function* access(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "access", what, resources });
  const add = (what: string, type: string, props: Resource["props"]) =>
    of(what, withOne(base, { type, name: "extra", props, dependsOn: [] }));

  for (const role of ROLES)
    for (const member of [AGENT, DEFAULT, undefined])
      for (const scope of WIDE) {
        const who = member ?? "an account that is not known yet";
        const policyData = JSON.stringify({ bindings: [{ role, members: [member ?? AGENT] }] });
        yield add(`${scope} ${role} to ${who}`, `gcp:${scope}/iAMMember:IAMMember`, { role, member });
        // One role is enough for the other two ways to grant it.
        if (role !== ROLES[0]) continue;
        yield add(`${scope} binding ${role} to ${who}`, `gcp:${scope}/iAMBinding:IAMBinding`, {
          role,
          members: [member],
        });
        yield add(`${scope} policy ${role} to ${who}`, `gcp:${scope}/iAMPolicy:IAMPolicy`, { policyData });
      }

  // A binding that is there with another role, its member still unknown.
  for (const at of ofTypes(base, /^gcp:projects\/iAMMember:/))
    for (const role of ROLES) {
      const { name } = base[at]!;
      if (/^(gateway|machine)-/.test(name) && role === "roles/aiplatform.user") continue;
      yield of(
        `${name} has ${role}`,
        changed(base, at, ({ props }) => (props.role = role)),
      );
    }

  for (const permission of [
    "aiplatform.endpoints.predict",
    "secretmanager.versions.access",
    "resourcemanager.projects.setIamPolicy",
    "iam.serviceAccounts.getAccessToken",
    "iam.serviceAccounts.actAs",
  ])
    yield add(`a role with ${permission}`, "gcp:projects/iAMCustomRole:IAMCustomRole", {
      roleId: "caller",
      permissions: ["logging.logEntries.create", permission],
    });

  const secrets = ofTypes(base, /^gcp:secretmanager\/secret:/).map((at) => String(base[at]!.props.secretId));
  const role = "roles/secretmanager.secretAccessor";
  for (const secretId of ["anthropic-api-key", "self-hosted-api-key"])
    for (const [type, props] of [
      ["secretIamMember:SecretIamMember", { role, member: AGENT }],
      ["secretIamBinding:SecretIamBinding", { role, members: [AGENT] }],
      [
        "secretIamPolicy:SecretIamPolicy",
        { policyData: JSON.stringify({ bindings: [{ role, members: [AGENT] }] }) },
      ],
    ] as const)
      yield add(`${type} of ${secretId} to the agent`, `gcp:secretmanager/${type}`, { secretId, ...props });
  for (const secretId of secrets)
    for (const broad of ["roles/secretmanager.admin", "roles/owner"])
      yield add(`${broad} on ${secretId}`, "gcp:secretmanager/secretIamMember:SecretIamMember", {
        secretId,
        role: broad,
        member: AGENT,
      });
  const services = new Set(
    ofTypes(base, /^gcp:cloudrunv2\/service:/).map((at) => String(base[at]!.props.name)),
  );
  if (services.has("tollgate-agent"))
    for (const secretId of ["ledger-owner-url", "postgres-admin-password", "langfuse-encryption-key"])
      yield add(`the agent reads ${secretId}`, "gcp:secretmanager/secretIamMember:SecretIamMember", {
        secretId,
        role,
        member: AGENT,
      });

  for (const target of ["roles/iam.serviceAccountTokenCreator", "roles/iam.serviceAccountUser"])
    yield add(`${target} on the gateway's account`, "gcp:serviceaccount/iAMMember:IAMMember", {
      serviceAccountId: "projects/p/serviceAccounts/tollgate-gateway@p.iam.gserviceaccount.com",
      role: target,
      member: AGENT,
    });
  yield add("the agent writes the configuration", "gcp:storage/bucketIAMMember:BucketIAMMember", {
    bucket: "tollgate-prod-config",
    role: "roles/storage.objectUser",
    member: AGENT,
  });

  for (const at of ofTypes(base, /^gcp:cloudrunv2\/(service|job):/)) {
    const { name } = base[at]!;
    for (const account of ["tollgate-gateway@p.iam.gserviceaccount.com", undefined]) {
      if (name === "gateway" && account) continue;
      yield of(
        `${name} runs as ${account ?? "the default account"}`,
        changed(base, at, ({ props }) => {
          const holder = props.template.template ?? props.template;
          if (account) holder.serviceAccount = account;
          else delete holder.serviceAccount;
        }),
      );
    }
  }
  for (const { where, target, change } of containersOf(base)) {
    if (/gateway\b(?!-)/.test(where)) continue;
    yield of(
      `${where} is given a provider's key`,
      change((broken) => {
        if (target === "compose")
          broken.secrets = [...(broken.secrets ?? []), { source: "anthropic-api-key", target: "KEY_FILE" }];
        else
          broken.envs = [
            ...(broken.envs ?? []),
            { name: "X", valueSource: { secretKeyRef: { secret: "anthropic-api-key", version: "1" } } },
          ];
      }),
    );
  }
}
