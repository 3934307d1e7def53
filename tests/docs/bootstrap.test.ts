import { readFileSync } from "node:fs";
import { join } from "node:path";

// What docs/bootstrap.md grants against the kinds of resources that any stack can have. Which role may what is Google's:
// https://cloud.google.com/iam/docs/roles-permissions
const root = join(__dirname, "..", "..");
const page = readFileSync(join(root, "docs", "bootstrap.md"), "utf8");
const shape = JSON.parse(readFileSync(join(root, "generated/plan/shape.json"), "utf8")) as Record<
  string,
  unknown
>;
const kinds = Object.keys(shape).filter((type) => type.startsWith("gcp:"));

/** Who may make, change and delete it: by its whole type, otherwise by its API. */
const MANAGES: Record<string, string> = {
  "gcp:artifactregistry": "artifactregistry.admin",
  "gcp:billing": "billing.costsManager",
  "gcp:cloudrunv2": "run.admin",
  "gcp:cloudscheduler": "cloudscheduler.admin",
  "gcp:compute": "compute.admin",
  "gcp:dns": "dns.admin",
  "gcp:iap": "iap.admin",
  "gcp:logging": "logging.configWriter",
  "gcp:monitoring": "monitoring.editor",
  "gcp:projects/iAMCustomRole:IAMCustomRole": "iam.roleAdmin",
  "gcp:projects/iAMMember:IAMMember": "resourcemanager.projectIamAdmin",
  "gcp:projects/service:Service": "serviceusage.serviceUsageAdmin",
  "gcp:projects/serviceIdentity:ServiceIdentity": "serviceusage.serviceUsageAdmin",
  "gcp:pubsub": "pubsub.admin",
  "gcp:redis": "redis.admin",
  "gcp:secretmanager": "secretmanager.admin",
  "gcp:serviceaccount": "iam.serviceAccountAdmin",
  "gcp:servicenetworking": "servicenetworking.networksAdmin",
  "gcp:sql": "cloudsql.admin",
  "gcp:storage": "storage.admin",
};

/** What `roles/viewer` may not read of a kind. */
const BEYOND_VIEWER: [kind: RegExp, role: string][] = [
  [/iamMember:|IAMMember:/i, "iam.securityReviewer"],
  [/secretVersion:/, "secretmanager.secretAccessor"],
  [/bucketObject:/, "storage.objectViewer"],
];

/** The roles that a loop of the page gives to an account. */
function granted(account: string): string[] {
  const loop = new RegExp(
    `for ROLE in ([\\w. \\\\\\n]+); do\\n[^\\n]+\\n\\s+--member=serviceAccount:${account}-\\$STACK@`,
  );
  return loop.exec(page)?.[1]?.replaceAll("\\", " ").trim().split(/\s+/) ?? [];
}

/** Those that only some stacks need are in sentences. */
const named = [...page.matchAll(/`roles\/([\w.]+)`/g)].map(([, role]) => role!);

test("a stack's deployer may make each kind of resource, and has no role for one that there is not", () => {
  const managing = (kind: string) => MANAGES[kind] ?? MANAGES[kind.split("/")[0]!];
  expect(kinds.filter((kind) => managing(kind) === undefined)).toEqual([]);
  const needed = new Set(kinds.map((kind) => managing(kind)!));
  const deployer = granted("deployer");
  expect([...needed].filter((role) => !deployer.includes(role) && !named.includes(role))).toEqual([]);
  // What runs acts as its service account.
  expect(deployer.filter((role) => !needed.has(role))).toEqual(["iam.serviceAccountUser"]);
});

test("a stack's previewer may read each kind of resource, and no more", () => {
  const needed = BEYOND_VIEWER.filter(([kind]) => kinds.some((each) => kind.test(each))).map(
    ([, role]) => role,
  );
  expect(needed).toHaveLength(BEYOND_VIEWER.length);
  expect(granted("previewer").sort()).toEqual(["viewer", ...needed].sort());
});
