import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, withOne, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

const own = (name: string) => `serviceAccount:tollgate-${name}@tollgate-prod.iam.gserviceaccount.com`;
const AGENT = own("agent");
const STRANGER = "user:someone@stranger.example";
const OTHER = "serviceAccount:robot@stranger.iam.gserviceaccount.com";
const JOB = "jobIamMember:JobIamMember";
const SERVICE = "serviceIamMember:ServiceIamMember";

/** Rights that the design does not have: on what, which, for whom. */
const GRANTS: [type: string, props: Props][] = [
  ...["gateway", "langfuse-web", "loki", "watch", "grafana"].map((name): [string, Props] => [
    `cloudrunv2/${SERVICE}`,
    { name: `tollgate-${name}`, role: "roles/run.invoker", member: AGENT },
  ]),
  [`cloudrunv2/${SERVICE}`, { name: "tollgate-gateway", role: "roles/run.invoker", member: STRANGER }],
  [`cloudrunv2/${SERVICE}`, { name: "tollgate-gateway", role: "roles/run.invoker", member: OTHER }],
  [
    `cloudrunv2/${SERVICE}`,
    { name: "tollgate-grafana", role: "roles/run.invoker", member: "allAuthenticatedUsers" },
  ],
  [
    "cloudrunv2/serviceIamBinding:ServiceIamBinding",
    { name: "tollgate-gateway", role: "roles/run.invoker", members: [own("loki")] },
  ],
  ["cloudrun/iamMember:IamMember", { service: "tollgate-gateway", role: "roles/run.invoker", member: AGENT }],
  [`cloudrunv2/${JOB}`, { name: "tollgate-admin", role: "roles/run.invoker", member: AGENT }],
  [`cloudrunv2/${JOB}`, { name: "tollgate-admin", role: "roles/run.invoker", member: own("scheduler") }],
  [`cloudrunv2/${JOB}`, { name: "tollgate-database-roles", role: "roles/run.invoker", member: STRANGER }],
  [
    `cloudrunv2/${JOB}`,
    { name: "tollgate-admin", role: "roles/run.jobsExecutorWithOverrides", member: OTHER },
  ],
  [
    `cloudrunv2/${JOB}`,
    { name: "tollgate-admin", role: "roles/run.jobsExecutorWithOverrides", member: STRANGER },
  ],
  [
    `cloudrunv2/${JOB}`,
    {
      name: "tollgate-gateway-migrations",
      role: "roles/run.jobsExecutorWithOverrides",
      member: "group:platform@example.com",
    },
  ],
  [
    `cloudrunv2/${JOB}`,
    { name: "tollgate-ledger-archive", role: "roles/run.jobsExecutorWithOverrides", member: AGENT },
  ],
  [
    "iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    { cloudRunServiceName: "tollgate-grafana", role: "roles/iap.httpsResourceAccessor", member: STRANGER },
  ],
  [
    "iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember",
    {
      cloudRunServiceName: "tollgate-gateway",
      role: "roles/iap.httpsResourceAccessor",
      member: "group:platform@example.com",
    },
  ],
  ["iap/webIamMember:WebIamMember", { role: "roles/iap.httpsResourceAccessor", member: STRANGER }],
  ["iap/tunnelIamMember:TunnelIamMember", { role: "roles/iap.tunnelResourceAccessor", member: STRANGER }],
  ["projects/iAMMember:IAMMember", { role: "roles/monitoring.viewer", member: STRANGER }],
  ["projects/iAMMember:IAMMember", { role: "roles/logging.logWriter", member: OTHER }],
  ["projects/iAMMember:IAMMember", { role: "roles/bigquery.jobUser", member: own("loki") }],
  ["projects/iAMMember:IAMMember", { role: "roles/run.invoker", member: AGENT }],
  ["projects/iAMMember:IAMMember", { role: "projects/stranger/roles/tollgateSleepDatabase", member: AGENT }],
  [
    "projects/iAMMember:IAMMember",
    { role: "roles/iam.serviceAccountTokenCreator", member: own("langfuse-web") },
  ],
  ["projects/iAMMember:IAMMember", { role: "roles/iam.serviceAccountUser", member: own("office-hours") }],
  [
    "serviceaccount/iAMMember:IAMMember",
    {
      serviceAccountId: "projects/p/serviceAccounts/tollgate-admin@tollgate-prod.iam.gserviceaccount.com",
      role: "roles/iam.serviceAccountTokenCreator",
      member: own("langfuse-web"),
    },
  ],
  [
    "serviceaccount/iAMMember:IAMMember",
    {
      serviceAccountId: "projects/p/serviceAccounts/tollgate-agent@tollgate-prod.iam.gserviceaccount.com",
      role: "roles/iam.serviceAccountTokenCreator",
      member: AGENT,
    },
  ],
  [
    "serviceaccount/iAMBinding:IAMBinding",
    {
      serviceAccountId: "x",
      role: "roles/iam.workloadIdentityUser",
      members: ["principalSet://iam.googleapis.com/x"],
    },
  ],
  [
    "secretmanager/secretIamMember:SecretIamMember",
    {
      secretId: "postgres-admin-password",
      role: "roles/secretmanager.secretAccessor",
      member: own("scheduler"),
    },
  ],
  [
    "secretmanager/secretIamMember:SecretIamMember",
    { secretId: "langfuse-salt", role: "roles/secretmanager.secretAccessor", member: OTHER },
  ],
  [
    "secretmanager/secretIamMember:SecretIamMember",
    { secretId: "agent-keys", role: "roles/secretmanager.secretVersionAdder", member: AGENT },
  ],
  [
    "storage/bucketIAMMember:BucketIAMMember",
    { bucket: "tollgate-prod-ledger-archive", role: "roles/storage.objectUser", member: AGENT },
  ],
  [
    "storage/bucketIAMMember:BucketIAMMember",
    { bucket: "tollgate-prod-answers", role: "roles/storage.objectViewer", member: STRANGER },
  ],
  [
    "storage/bucketIAMMember:BucketIAMMember",
    { bucket: "tollgate-prod-loki", role: "roles/storage.objectCreator", member: AGENT },
  ],
  [
    "pubsub/subscriptionIAMMember:SubscriptionIAMMember",
    { subscription: "tollgate-logs", role: "roles/pubsub.subscriber", member: AGENT },
  ],
  [
    "pubsub/topicIAMMember:TopicIAMMember",
    { topic: "tollgate-logs", role: "roles/pubsub.publisher", member: OTHER },
  ],
  [
    "artifactregistry/repositoryIamMember:RepositoryIamMember",
    { repository: "docker-hub", role: "roles/artifactregistry.reader", member: "allUsers" },
  ],
  [
    "bigquery/datasetAccess:DatasetAccess",
    { datasetId: "billing", role: "READER", userByEmail: "someone@stranger.example" },
  ],
  [
    "projects/iAMCustomRole:IAMCustomRole",
    { roleId: "tollgateSleep", permissions: ["run.services.update", "run.services.setIamPolicy"] },
  ],
  ["serviceaccount/key:Key", { serviceAccountId: "tollgate-gateway" }],
  ["organizations/iAMMember:IAMMember", { orgId: "1", role: "roles/monitoring.viewer", member: AGENT }],
];

/** Roles of the whole project that let an account act as others, or call what it likes. */
const PROJECT_ROLES = [
  "roles/iam.serviceAccountTokenCreator",
  "roles/iam.serviceAccountUser",
  "roles/iam.serviceAccountOpenIdTokenCreator",
  "roles/run.invoker",
  "projects/tollgate-prod/roles/custom",
];

export function* grants(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "grant", what, resources });
  for (const [type, props] of GRANTS) {
    const what = `${type.split(":")[1]} ${JSON.stringify(props)}`;
    yield of(what, withOne(base, { type: `gcp:${type}`, name: "extra", props, dependsOn: [] }));
  }
  // As a preview has it: the member is known only after the update.
  const machine = base.some(({ name }) => name === "machine");
  for (const role of PROJECT_ROLES)
    yield of(
      `an unknown account has ${role}`,
      withOne(base, {
        type: "gcp:projects/iAMMember:IAMMember",
        name: "agent-extra",
        props: { role, member: undefined },
        dependsOn: [`gcp:serviceaccount/account:Account::${machine ? "machine" : "agent"}`],
      }),
    );
  for (const at of ofTypes(base, /^gcp:cloudrunv2\/jobIamMember:/)) {
    const { name, props } = base[at]!;
    if (props.role !== "roles/run.invoker") continue;
    yield of(
      `${name}: the job of another`,
      changed(base, at, (copy) => (copy.props.name = "tollgate-database-roles")),
    );
    yield of(
      `${name}: for the agent`,
      changed(base, at, (copy) => (copy.dependsOn = ["gcp:serviceaccount/account:Account::agent"])),
    );
  }
  for (const at of ofTypes(base, /^gcp:cloudscheduler\/job:/)) {
    const { name } = base[at]!;
    const uri = "https://run.googleapis.com/v2/projects/stranger/locations/europe-west1/jobs/x:run";
    yield of(
      `${name}: the job of a stranger's project`,
      changed(base, at, (copy) => (copy.props.httpTarget.uri = uri)),
    );
    yield of(
      `${name}: with its own command`,
      changed(
        base,
        at,
        (copy) => (copy.props.httpTarget.body = Buffer.from('{"overrides":{}}').toString("base64")),
      ),
    );
    yield of(
      `${name}: as another account`,
      changed(
        base,
        at,
        (copy) =>
          (copy.props.httpTarget.oauthToken = {
            serviceAccountEmail: "tollgate-admin@tollgate-prod.iam.gserviceaccount.com",
          }),
      ),
    );
  }
}
