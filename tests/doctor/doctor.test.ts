import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { conditionOf, DRILL_ROLES, nameOf } from "../../ops/drill/roles";
import { examine, type Ask, type Subject } from "../../ops/doctor/check";
import { pullerOf, steps } from "../../ops/doctor/steps";
import { subjectOf } from "../../ops/doctor/subject";

const subject: Subject = {
  stack: "dev",
  project: "acme-tollgate-dev",
  projectNumber: "123456789012",
  region: "europe-west1",
  imageRegistry: "europe-west1-docker.pkg.dev/acme-admin/tollgate",
  admins: ["group:platform@acme.test"],
  sharesPassword: false,
  missing: [],
  examples: [],
};
const { project } = subject;
const [DRILL, DRILL_CLONE] = DRILL_ROLES as [(typeof DRILL_ROLES)[0], (typeof DRILL_ROLES)[0]];

type Answers = Record<string, unknown>;

/** Bindings as a project's policy has them. */
const bound = (...roles: [role: string, condition?: string][]) => ({
  bindings: roles.map(([role, expression]) => ({
    role,
    members: subject.admins,
    ...(expression ? { condition: { expression } } : {}),
  })),
});
const both = DRILL_ROLES.map((role): [string, string?] => [
  nameOf(role, project),
  conditionOf(role, project),
]);

/** What the programs answer on a machine and in a project where all is done. */
const DONE: Answers = {
  "pulumi version": "v3.248.0\n",
  "pulumi stack ls": [{ name: "organization/tollgate/dev" }],
  "gcloud auth list": [{ account: "me@acme.test", status: "ACTIVE" }],
  "gcloud auth application-default": "token",
  "gcloud projects describe": {
    projectNumber: subject.projectNumber,
    lifecycleState: "ACTIVE",
    parent: { type: "organization", id: "1" },
  },
  "gcloud billing projects": { billingEnabled: true },
  "gcloud services list": ["cloudresourcemanager", "iam", "serviceusage"].map((api) => ({
    config: { name: `${api}.googleapis.com` },
  })),
  "gcloud org-policies describe": new Error("NOT_FOUND: the policy is not set"),
  "gcloud artifacts repositories": {
    bindings: [{ role: "roles/artifactregistry.reader", members: [pullerOf(subject)] }],
  },
  "gcloud projects get-iam-policy": bound(...both),
  ...Object.fromEntries(
    DRILL_ROLES.map(({ id, permissions }) => [
      `gcloud iam roles describe ${id} `,
      { includedPermissions: permissions },
    ]),
  ),
};

/** Programs that answer so; what is not listed fails the test. */
function programs(changes: Answers): Ask {
  const answers = { ...DONE, ...changes };
  return (...words) => {
    const line = words.join(" ");
    const key = Object.keys(answers).find((each) => line.startsWith(each));
    const answer = key === undefined ? new Error(`not expected: ${line}`) : answers[key];
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve(typeof answer === "string" ? answer : JSON.stringify(answer));
  };
}

const notOk = async (changes: Answers, about: Partial<Subject> = {}) =>
  (await examine(steps, { ...subject, ...about }, programs(changes))).filter(({ state }) => state !== "ok");

it("finds nothing where every step is done", async () => expect(await notOk({})).toEqual([]));

it("finds a password that people share in prod, and not in dev", async () => {
  expect(await notOk({}, { sharesPassword: true })).toEqual([
    expect.objectContaining({ step: "sign-in", remedy: expect.stringContaining("tollgate:signIn") }),
  ]);
  expect((await subjectOf("prod")).sharesPassword).toBe(true);
  expect((await subjectOf("dev")).sharesPassword).toBe(false);
});

const DENIED = new Error("ERROR: PERMISSION_DENIED: The caller does not have permission (403)");

it.each<[string, Answers, string, string]>([
  ["another pulumi", { "pulumi version": "v3.100.0\n" }, "pulumi 3.100.0", "--version 3.248.0"],
  ["no account signed in", { "gcloud auth list": [] }, "no account is signed in", "gcloud auth login"],
  [
    "a project of others",
    { "gcloud projects describe": DENIED },
    "does not exist, or is not yours",
    "gcloud projects create acme-tollgate-dev",
  ],
  [
    "another number",
    { "gcloud projects describe": { ...(DONE["gcloud projects describe"] as object), projectNumber: "9" } },
    "has the number 9",
    "pulumi config set --stack dev tollgate:projectNumber 9",
  ],
  [
    "a project in no organisation",
    { "gcloud projects describe": { projectNumber: subject.projectNumber, lifecycleState: "ACTIVE" } },
    "in no organisation",
    "https://cloud.google.com/iap",
  ],
  ["no billing", { "gcloud billing projects": {} }, "no billing account", "gcloud billing projects link"],
  [
    "an API that is off",
    { "gcloud services list": [{ config: { name: "iam.googleapis.com" } }] },
    "cloudresourcemanager.googleapis.com, serviceusage.googleapis.com not enabled",
    "gcloud services enable --project=acme-tollgate-dev cloudresourcemanager.googleapis.com serviceusage.googleapis.com",
  ],
  [
    "a policy that refuses the agent",
    {
      "gcloud org-policies describe run.managed.requireInvokerIam": { spec: { rules: [{ enforce: true }] } },
    },
    "run.managed.requireInvokerIam refuses the public agent",
    "gcloud org-policies reset run.managed.requireInvokerIam",
  ],
  [
    "no registry",
    { "gcloud artifacts repositories": DENIED },
    "does not exist",
    "gcloud artifacts repositories create tollgate --location=europe-west1 --project=acme-admin",
  ],
  [
    "a registry that Cloud Run may not read",
    { "gcloud artifacts repositories": {} },
    "may not pull",
    `--member=${pullerOf(subject)}`,
  ],
  [
    "no role for drills",
    {
      "gcloud iam roles describe tollgateDrill ": new Error(
        "NOT_FOUND: The role named tollgateDrill was not found",
      ),
    },
    "the role tollgateDrill does not exist",
    `gcloud iam roles create tollgateDrill --project=${project} `,
  ],
  [
    "a role for drills that was deleted",
    { "gcloud iam roles describe tollgateDrill ": { deleted: true } },
    "the role tollgateDrill is deleted",
    `gcloud iam roles undelete tollgateDrill --project=${project}`,
  ],
  [
    "a role for drills with a permission less",
    {
      "gcloud iam roles describe tollgateDrillClone ": { includedPermissions: ["cloudsql.instances.delete"] },
    },
    "the role tollgateDrillClone lacks cloudsql.instances.update",
    `gcloud iam roles update tollgateDrillClone --project=${project} --add-permissions=cloudsql.instances.update`,
  ],
  [
    "no member with the drill's role",
    { "gcloud projects get-iam-policy": bound(both[1]!) },
    "none of tollgate:admins has tollgateDrill",
    `gcloud projects add-iam-policy-binding ${project} --member=group:platform@acme.test --role=${nameOf(DRILL, project)} --condition=None`,
  ],
  [
    "another member with the drill's role",
    {
      "gcloud projects get-iam-policy": {
        bindings: both.map(([role]) => ({ role, members: ["user:other@acme.test"] })),
      },
    },
    "none of tollgate:admins has tollgateDrill",
    "--member=group:platform@acme.test",
  ],
  [
    "a drill that may delete the ledger",
    { "gcloud projects get-iam-policy": bound(both[0]!, [nameOf(DRILL_CLONE, project)]) },
    "group:platform@acme.test has tollgateDrillClone on other instances than the clones of drills",
    `gcloud projects remove-iam-policy-binding ${project} --member=group:platform@acme.test --role=${nameOf(DRILL_CLONE, project)} --all && `,
  ],
  ["no stack", { "pulumi stack ls": [] }, "dev is not in the state's backend", "pulumi stack init dev"],
])("%s: reports what is missing, and the command that fixes it", async (_, changes, found, remedy) => {
  // The most exact answer first.
  const findings = await notOk({ ...changes, ...withoutPrefix(changes) });
  expect(findings[0]).toMatchObject({
    state: "missing",
    found: expect.stringContaining(found),
    remedy: expect.stringContaining(remedy),
  });
});

/** An answer for one constraint comes before that for all. */
function withoutPrefix(changes: Answers): Answers {
  return Object.keys(changes).some((key) => key.startsWith("gcloud org-policies describe "))
    ? { "gcloud org-policies describe": { spec: { rules: [{ enforce: true }] } } }
    : {};
}

it("asks for no role of drills where an admin has a wider one", async () => {
  const absent = new Error("NOT_FOUND");
  const roles = DRILL_ROLES.map(({ id }) => [`gcloud iam roles describe ${id} `, absent]);
  const answers = { ...Object.fromEntries(roles), "gcloud projects get-iam-policy": bound(["roles/owner"]) };
  expect(await notOk(answers)).toEqual([]);
});

it("prints for drills the commands of docs/bootstrap.md", async () => {
  const page = readFileSync(join(__dirname, "../../docs/bootstrap.md"), "utf8");
  const block = /## Roles for restore drills[^]*?```sh\n([^]*?)```/.exec(page)![1]!;
  const absent = new Error("NOT_FOUND");
  const findings = await notOk({
    ...Object.fromEntries(DRILL_ROLES.map(({ id }) => [`gcloud iam roles describe ${id} `, absent])),
    "gcloud projects get-iam-policy": {},
  });
  const documented = argumentsOf(
    block.replace("group:platform@example.com", subject.admins[0]!).replace("in dev prod", "in dev"),
  );
  expect(argumentsOf(findings.map(({ remedy }) => remedy).join("\n"))).toEqual(documented);
});

/** The arguments that a shell gives to each `gcloud` of a script, sorted. */
function argumentsOf(script: string): string[][] {
  const print = `PREFIX=acme-tollgate; gcloud() { printf '%s\\n' "$@" --end; }`;
  const text = execFileSync("bash", ["-c", `${print}\n${script}`], { encoding: "utf8" });
  return text
    .split("--end\n")
    .filter((each) => each !== "")
    .map((each) => each.trim().split("\n").sort())
    .sort((a, b) => a.join().localeCompare(b.join()));
}

it("says of what it cannot look at why, and goes on", async () => {
  const findings = await notOk({ "gcloud billing projects": new Error("gcloud is not installed") });
  expect(findings).toEqual([{ step: "billing", state: "unknown", found: "gcloud is not installed" }]);
});

it("finds the example's values in the committed settings", async () => {
  const { examples, missing } = await subjectOf("dev");
  expect(examples).toEqual(
    expect.arrayContaining([
      "gcp:project is the example's: tollgate-dev",
      expect.stringMatching(/^tollgate:alertEmail is the example's/),
      expect.stringMatching(/^tollgate:operators is the example's/),
    ]),
  );
  expect(missing).toContainEqual(expect.stringMatching(/^tollgate:anthropicApiKey is missing/));
  const [first] = (await examine(steps, { ...subject, examples, missing }, programs({}))).filter(
    ({ state }) => state === "missing",
  );
  expect(first).toMatchObject({ step: "settings", remedy: "edit Pulumi.dev.yaml" });
});
