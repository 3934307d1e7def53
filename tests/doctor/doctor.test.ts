import { examine, type Ask, type Subject } from "../../ops/doctor/check";
import { pullerOf, steps } from "../../ops/doctor/steps";
import { subjectOf } from "../../ops/doctor/subject";

const subject: Subject = {
  stack: "dev",
  project: "acme-tollgate-dev",
  projectNumber: "123456789012",
  region: "europe-west1",
  imageRegistry: "europe-west1-docker.pkg.dev/acme-admin/tollgate",
  missing: [],
  examples: [],
};

type Answers = Record<string, unknown>;

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
  ["no stack", { "pulumi stack ls": [] }, "dev is not in the state's backend", "pulumi stack init dev"],
])("%s: says what is missing, and the line that mends it", async (_, changes, found, remedy) => {
  // The most exact answer first.
  const findings = await notOk({ ...changes, ...withoutPrefix(changes) });
  expect(findings[0]).toMatchObject({
    state: "missing",
    found: expect.stringContaining(found),
    remedy: expect.stringContaining(remedy),
  });
});

/** An answer for one constraint stands before that for all. */
function withoutPrefix(changes: Answers): Answers {
  return Object.keys(changes).some((key) => key.startsWith("gcloud org-policies describe "))
    ? { "gcloud org-policies describe": { spec: { rules: [{ enforce: true }] } } }
    : {};
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
