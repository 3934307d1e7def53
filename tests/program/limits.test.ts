import { readFileSync } from "node:fs";
import { join } from "node:path";
import { limits, mostVcpu, REGION_VCPU } from "../../infra/limits";
import type { PlannedResource } from "../../infra/plan";
import { DIGEST, Planned, STACKS } from "./support/planned";

const IMAGES = {
  "tollgate:images": JSON.stringify({ agent: DIGEST, gateway: DIGEST }),
  "tollgate:tempo": "true",
};

const passed = (resources: PlannedResource[]) =>
  limits.flatMap(({ name, check }) =>
    resources.flatMap((resource) => check(resource).map((found) => `${name}: ${resource.name}: ${found}`)),
  );

it.each(STACKS.flatMap((stack) => ["apart", "grouped", "packed"].map((layout) => [stack, layout] as const)))(
  "%s keeps every limit in the layout %s",
  async (stack, layout) => {
    const { resources } = await Planned.of(stack, {
      ...IMAGES,
      // As many files as a stack may keep in memory.
      "tollgate:sizes": JSON.stringify({ layout, filesMiB: 2048 }),
    });
    expect(passed(resources)).toEqual([]);
  },
);

it.each(STACKS.flatMap((stack) => ["cloud-run", "gce-vm"].map((deployment) => [stack, deployment] as const)))(
  "%s on %s keeps every limit that Google documents",
  async (stack, deployment) => {
    const { resources } = await Planned.of(stack, {
      "tollgate:images": IMAGES["tollgate:images"],
      "tollgate:deployment": deployment,
    });
    expect(passed(resources)).toEqual([]);
  },
);

it.each(STACKS)("a new project's quota is enough for all of %s at its most", async (stack) => {
  const { resources } = await Planned.of(stack, { "tollgate:images": IMAGES["tollgate:images"] });
  const total = resources.reduce((sum, resource) => sum + mostVcpu(resource), 0);
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThanOrEqual(REGION_VCPU);
});

describe("each limit is found where it is passed", () => {
  const resource = (type: string, inputs: Record<string, unknown>): PlannedResource => ({
    type,
    name: "x",
    inputs,
    dependsOn: [],
  });
  const container = {
    name: "x",
    resources: { limits: { cpu: "1", memory: "512Mi" }, cpuIdle: true },
    ports: { containerPort: 1 },
    envs: [],
  };
  const run = (changes: object, template: object = {}, more: object[] = [], inputs: object = {}) =>
    resource("gcp:cloudrunv2/service:Service", {
      name: "tollgate-x",
      template: {
        executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
        scaling: { maxInstanceCount: 1 },
        containers: [{ ...container, ...changes }, ...more],
        ...template,
      },
      ...inputs,
    });
  const job = (template: object) =>
    resource("gcp:cloudrunv2/job:Job", {
      name: "tollgate-x",
      template: { template: { containers: [{ ...container, ports: undefined }], ...template } },
    });
  const sized = (cpu: string, memory: string) => ({ resources: { limits: { cpu, memory }, cpuIdle: true } });
  const sql = (tier: string, connections = "100") =>
    resource("gcp:sql/databaseInstance:DatabaseInstance", {
      settings: { tier, databaseFlags: [{ name: "max_connections", value: connections }] },
    });

  const cases: Record<string, PlannedResource> = {
    "CPU to memory": run(sized("1", "5Gi")),
    "Memory to CPU": run(sized("4", "1Gi")),
    "CPU of a container": run(sized("3", "512Mi")),
    "Order of start": run({ dependsOns: ["nobody"] }),
    "Volumes of an instance": run({}, { volumes: [{ name: "a", secret: {} }] }),
    "Least memory": run(sized("1", "256Mi")),
    "Least CPU": run(sized("500m", "512Mi")),
    "CPU billing": run({}, {}, [
      { ...container, name: "y", ports: undefined, resources: { ...container.resources, cpuIdle: false } },
    ]),
    "Startup probe": run({ startupProbe: { periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 49 } }),
    "A probe's times": run({ livenessProbe: { periodSeconds: 5, timeoutSeconds: 6, failureThreshold: 1 } }),
    "Requests at once": run({}, { maxInstanceRequestConcurrency: 1001 }),
    "Containers of an instance": run({ ports: undefined }),
    "Reserved variables": run({ envs: [{ name: "PORT", value: "1" }] }),
    "A variable's value": run({ envs: [{ name: "A", value: "a".repeat(33_000) }] }),
    "Variables of a service": run({ envs: Array.from({ length: 1001 }, (_, at) => ({ name: `A${at}` })) }),
    "A job's task": job({ timeout: "604801s" }),
    "A job's retries": job({ maxRetries: 11 }),
    Schedules: resource("gcp:cloudscheduler/job:Job", { name: "a.b", attemptDeadline: "180s" }),
    "Mounted folders": run(
      {
        volumeMounts: [
          { name: "a", mountPath: "/a" },
          { name: "b", mountPath: "/a" },
        ],
      },
      { volumes: [{ name: "a" }, { name: "b" }] },
    ),
    "vCPU of a region": run({}, { scaling: { maxInstanceCount: 21 } }),
    "Name of a service, pool or job": run({}, {}, [], { name: "a".repeat(50) }),
    "Name of a service account": resource("gcp:serviceaccount/account:Account", { accountId: "short" }),
    "Name of a bucket": resource("gcp:storage/bucket:Bucket", { name: "Tollgate" }),
    Labels: resource("any", { labels: { owner: "The Team" } }),
    "Name of a secret": resource("gcp:secretmanager/secret:Secret", { secretId: "a.b" }),
    "Cloud SQL's machine types": sql("db-custom-3-7680"),
    "Cloud SQL's flag max_connections": sql("db-g1-small", "5"),
    "Memorystore's size": resource("gcp:redis/instance:Instance", { memorySizeGb: 301 }),
    "A machine's metadata": resource("gcp:compute/instance:Instance", {
      metadata: { a: "a".repeat(263_000) },
    }),
  };

  it.each(limits.map(({ name }) => name))("%s", (name) => {
    expect(cases).toHaveProperty([name]);
    expect(passed([cases[name]!]).map((line) => line.split(":")[0])).toEqual([name]);
  });
});

it("holds a job to the second generation's limits, in which it always runs", () => {
  const containers = [{ name: "x", resources: { limits: { cpu: "500m", memory: "256Mi" } }, envs: [] }];
  const job = {
    type: "gcp:cloudrunv2/job:Job",
    name: "x",
    inputs: { template: { template: { containers } } },
  };
  expect(passed([{ ...job, dependsOn: [] }])).toEqual(["Least memory: x: 256 MiB", "Least CPU: x: 0.5 vCPU"]);
});

it("docs/limits.md has each with its source, and no other", () => {
  const page = readFileSync(join(__dirname, "..", "..", "docs", "limits.md"), "utf8");
  const rows = page.split("\n").filter((line) => /^\| .*https:\/\//.test(line));
  expect(rows).toEqual(limits.map(({ name, limit, source }) => `| ${name} | ${limit} | ${source} |`));
});
