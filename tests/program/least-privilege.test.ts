import { Planned, JOB, POOL, SERVICE, STACKS } from "./support/planned";

/* eslint-disable @typescript-eslint/no-explicit-any */

/**
 * Proven from the graph and not from what the program says of itself: what a workload's containers and machines name
 * (secrets, buckets, subscriptions, registries) on one side, and the IAM bindings on the other.
 */
const SECRET = "gcp:secretmanager/secretIamMember:SecretIamMember";
const BUCKET = "gcp:storage/bucketIAMMember:BucketIAMMember";
const PROJECT = "gcp:projects/iAMMember:IAMMember";
const ITSELF = "gcp:serviceaccount/iAMMember:IAMMember";
const SUBSCRIPTION = "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember";
const REPOSITORY = "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember";
const BINDINGS = [SECRET, BUCKET, PROJECT, ITSELF, SUBSCRIPTION, REPOSITORY];

/** Roles on the project and on resources that a variable does not show, by the container that calls that API. */
const API_ROLES: Record<string, string[]> = {
  agent: ["roles/bigquery.jobUser on project"],
  alloy: ["roles/pubsub.subscriber on subscription"],
  "cloud-metrics": [
    "roles/monitoring.viewer on project",
    "roles/serviceusage.serviceUsageConsumer on project",
    "roles/telemetry.metricsWriter on project",
  ],
  gateway: ["roles/aiplatform.user on project"],
  grafana: ["roles/monitoring.viewer on project"],
  "langfuse-web": ["roles/iam.serviceAccountTokenCreator on itself"],
  "langfuse-worker": ["roles/iam.serviceAccountTokenCreator on itself"],
};

/** What ClickHouse's machine reads is in its user data, which is unknown before its bucket exists. */
const MACHINES: Record<string, string[]> = {
  clickhouse: [
    "roles/artifactregistry.reader on repository",
    "roles/logging.logWriter on project",
    "roles/secretmanager.secretAccessor on clickhouse-password",
    "roles/storage.objectUser on trace-archive",
  ],
};

/** The account that a service or job runs as: its name is the workload's. */
function accountOf(resource: { dependsOn: string[] }): string {
  const accounts = resource.dependsOn.filter((name) =>
    name.startsWith("gcp:serviceaccount/account:Account::"),
  );
  expect(accounts).toHaveLength(1);
  return accounts[0]!.split("::")[1]!;
}

/** What the templates of a workload name. */
function needed(plan: Planned): Map<string, Set<string>> {
  const needs = new Map<string, Set<string>>();
  for (const resource of [...plan.all(SERVICE), ...plan.all(POOL), ...plan.all(JOB)]) {
    const template = (resource.inputs["template"] as any).template ?? resource.inputs["template"];
    const account = accountOf(resource);
    const own = needs.get(account) ?? new Set<string>();
    needs.set(account, own);
    const buckets = resource.dependsOn.filter((name) => name.startsWith("gcp:storage/bucket:Bucket::"));
    for (const { name, envs } of template.containers) {
      for (const role of API_ROLES[name] ?? []) own.add(role);
      for (const { valueSource } of envs) {
        if (valueSource) own.add(`roles/secretmanager.secretAccessor on ${valueSource.secretKeyRef.secret}`);
      }
    }
    for (const { secret, gcs } of template.volumes ?? []) {
      if (secret) own.add(`roles/secretmanager.secretAccessor on ${secret.secret}`);
      if (gcs?.readOnly) own.add("roles/storage.objectViewer on config");
    }
    // A bucket that a variable names, or that is mounted to be written, is written to.
    for (const name of buckets.map((each) => each.split("::")[1]!)) {
      if (name !== "config") own.add(`roles/storage.objectUser on ${name}`);
    }
  }
  for (const [account, machine] of Object.entries(MACHINES)) needs.set(account, new Set(machine));
  return needs;
}

/** What the bindings of a plan grant, by account. */
function granted(plan: Planned): Map<string, string[]> {
  const grants = new Map<string, string[]>();
  for (const type of BINDINGS) {
    for (const { inputs, dependsOn, parent } of plan.all(type)) {
      // Cloud Logging's own account, which Google makes a sink; logs.test.ts holds it to its one role.
      if (parent === "tollgate:gcp:LogPipeline::logs") continue;
      // People; tests/remote holds them to what their commands call.
      if (parent?.startsWith("tollgate:gcp:JobOperators::")) continue;
      const account = parent!.replace("tollgate:gcp:Workload::", "");
      expect(dependsOn).toContain(`gcp:serviceaccount/account:Account::${account}`);
      const resource =
        type === SECRET
          ? inputs["secretId"]
          : type === BUCKET
            ? dependsOn.find((name) => name.startsWith("gcp:storage/bucket:"))!.split("::")[1]
            : {
                [PROJECT]: "project",
                [ITSELF]: "itself",
                [SUBSCRIPTION]: "subscription",
                [REPOSITORY]: "repository",
              }[type];
      grants.set(account, [
        ...(grants.get(account) ?? []),
        `${String(inputs["role"])} on ${String(resource)}`,
      ]);
    }
  }
  return grants;
}

describe.each(STACKS)("%s", (stack) => {
  let plan: Planned;
  beforeAll(async () => {
    plan = await Planned.of(stack, { "tollgate:tempo": "true" });
  });

  it("gives each workload exactly the roles that its bindings need", () => {
    const grants = granted(plan);
    const needs = needed(plan);
    expect([...grants.keys()].sort()).toEqual([...needs.keys()].sort());
    for (const [account, own] of needs) {
      expect([account, grants.get(account)!.sort()]).toEqual([account, [...own].sort()]);
    }
  });

  it("has a service account for each workload, and none without a use", () => {
    const accounts = plan.all("gcp:serviceaccount/account:Account").map(({ name }) => name);
    const users = [SERVICE, POOL, JOB, "gcp:compute/instance:Instance"].flatMap((type) => plan.all(type));
    // Cloud Scheduler runs the scheduled jobs under its own account.
    expect(new Set([...users.map((user) => accountOf(user)), "scheduler"])).toEqual(new Set(accounts));
  });

  it("grants nothing to everyone and no basic role", () => {
    const bindings = plan.resources.filter(({ inputs }) => "role" in inputs && "member" in inputs);
    for (const { inputs } of bindings) {
      expect(inputs["member"]).not.toMatch(/^all(Authenticated)?Users$/);
      expect(inputs["role"]).not.toMatch(/^roles\/(owner|editor|viewer)$/);
    }
    expect(bindings.length).toBeGreaterThan(50);
  });

  it("makes no key of a service account", () => {
    expect(plan.all("gcp:serviceaccount/key:Key")).toEqual([]);
    expect(plan.all("gcp:storage/hmacKey:HmacKey")).toEqual([]);
  });
});

it("a role more or fewer is found", async () => {
  const plan = await Planned.of("dev");
  const agent = plan.all(SECRET).find(({ name }) => name === "agent-agent-key")!;
  const without = new Planned(plan.resources.filter((resource) => resource !== agent));
  const needs = [...needed(plan).get("agent")!, ...API_ROLES["agent"]!].sort();
  expect(granted(without).get("agent")!.sort()).not.toEqual(needs);
  const more = { ...agent, inputs: { ...agent.inputs, secretId: "langfuse-salt" } };
  expect(
    granted(new Planned([...plan.resources, more]))
      .get("agent")!
      .sort(),
  ).not.toEqual(needs);
});

describe("secrets", () => {
  it("are pinned versions, and never a plain value", async () => {
    const plan = await Planned.of("dev");
    for (const { name, inputs } of plan.all("gcp:secretmanager/secretVersion:SecretVersion")) {
      // Unknown before the update where it is made by it; never readable.
      expect([name, /^\[(secret|unknown)\]$/.test(String(inputs["secretData"]))]).toEqual([name, true]);
    }
    for (const { inputs } of plan.all(SERVICE)) {
      for (const { envs } of (inputs["template"] as any).containers) {
        for (const { name, value, valueSource } of envs) {
          if (/PASSWORD$|SECRET|_KEY$|SALT|_URL_WITH/.test(name) && !/PUBLIC|^AUTH_DISABLE_/.test(name)) {
            expect([name, value]).toEqual([name, undefined]);
          }
          if (valueSource) expect(valueSource.secretKeyRef.version).not.toBe("latest");
        }
      }
    }
  });

  it("of the configuration appear nowhere in a plan", async () => {
    const value = "sk-ant-very-secret-value";
    const plan = await Planned.of("dev", { "tollgate:anthropicApiKey": value });
    expect(JSON.stringify(plan.resources)).not.toContain(value);
    expect(plan.inputs("gcp:secretmanager/secretVersion:SecretVersion", "anthropic-api-key").secretData).toBe(
      "[secret]",
    );
  });
});

describe("labels", () => {
  const LABELLED: Record<string, (inputs: any) => any> = {
    "gcp:cloudrunv2/service:Service": ({ labels }) => labels,
    "gcp:cloudrunv2/job:Job": ({ labels }) => labels,
    "gcp:compute/instance:Instance": ({ labels }) => labels,
    "gcp:compute/disk:Disk": ({ labels }) => labels,
    "gcp:compute/address:Address": ({ labels }) => labels,
    "gcp:storage/bucket:Bucket": ({ labels }) => labels,
    "gcp:redis/instance:Instance": ({ labels }) => labels,
    "gcp:secretmanager/secret:Secret": ({ labels }) => labels,
    "gcp:artifactregistry/repository:Repository": ({ labels }) => labels,
    "gcp:pubsub/topic:Topic": ({ labels }) => labels,
    "gcp:pubsub/subscription:Subscription": ({ labels }) => labels,
    "gcp:dns/managedZone:ManagedZone": ({ labels }) => labels,
    "gcp:sql/databaseInstance:DatabaseInstance": ({ settings }) => settings.userLabels,
  };

  it("say of everything that has labels whose it is", async () => {
    const plan = await Planned.of("prod");
    for (const [type, labels] of Object.entries(LABELLED)) {
      expect(plan.all(type).length).toBeGreaterThan(0);
      for (const { name, inputs } of plan.all(type)) {
        expect([type, name, labels(inputs)]).toEqual([
          type,
          name,
          {
            environment: "prod",
            class: "prod",
            owner: "platform",
            phase: expect.stringMatching(/^[1-5]$/),
            service: expect.stringMatching(/^[a-z-]+$/),
          },
        ]);
      }
    }
  });
});
