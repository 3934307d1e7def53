/** Cases at the edges of the policies' conditions; each was found by a mutant that nothing else noticed. */
import { guardConfig } from "../../litellm-config/render/guard";
import { definitions } from "../../litellm-config";
import { evaluate, type Resource } from "../../policies/evaluate";
import * as types from "../../policies/infrastructure/types";
import { policiesFor } from "../../policies/pack";
import type { Props, TollgatePolicy } from "../../policies/rule";
import { judge } from "./judge";

const of = (type: string, props: Props, name = "it"): Resource => ({ type, name, props });
const service = (name: string, props: Props = {}) => of(types.RUN_SERVICE, { name, ...props }, name);
const container = (props: Props) =>
  service("loki", { template: { containers: [{ name: "loki", ...props }] } });
const object = (name: string, content: string) => of(types.BUCKET_OBJECT, { name, content }, name);
const GUARD = object("gateway/1/guard.json", JSON.stringify(guardConfig(definitions)));
const found = async (policy: string, ...resources: Resource[]) =>
  (await judge(policy, resources)).map((line) => line.replace(/^mandatory: /, "").split(". ")[0]);

it("the resource types are those of the provider", () =>
  expect({ ...types }).toEqual({
    SQL_INSTANCE: "gcp:sql/databaseInstance:DatabaseInstance",
    REDIS_INSTANCE: "gcp:redis/instance:Instance",
    VM: "gcp:compute/instance:Instance",
    DISK: "gcp:compute/disk:Disk",
    RUN_SERVICE: "gcp:cloudrunv2/service:Service",
    RUN_JOB: "gcp:cloudrunv2/job:Job",
    RUN_SERVICE_MEMBER: "gcp:cloudrunv2/serviceIamMember:ServiceIamMember",
    SECRET_MEMBER: "gcp:secretmanager/secretIamMember:SecretIamMember",
    BUCKET: "gcp:storage/bucket:Bucket",
    BUCKET_OBJECT: "gcp:storage/bucketObject:BucketObject",
  }));

it("settings have the types that the engine checks them by", () => {
  const settings = policiesFor("prod").flatMap(({ configSchema }) =>
    Object.entries(configSchema?.properties ?? {}).map(([name, { type }]) => [name, type]),
  );
  expect(Object.fromEntries(settings)).toMatchObject({
    maxSharePercent: "number",
    maxTokensPerMinute: "number",
    maxCalls: "number",
  });
  const budget = policiesFor("prod").find(({ name }) => name === "session-budget");
  expect(budget?.configSchema?.properties.maxDollars).toMatchObject({ type: "string" });
});

it("a policy that says nothing is mandatory and of medium severity", async () => {
  const policy = (more: object): TollgatePolicy => ({
    name: "bare",
    description: "Bare.",
    validateResource: (_, report) => report("found"),
    ...more,
  });
  expect(await evaluate([policy({})], [of("t", {})])).toEqual([
    { policy: "bare", level: "mandatory", severity: "medium", resource: "it", message: "found" },
  ]);
  expect(await evaluate([policy({ severity: "low" })], [of("t", {})])).toMatchObject([{ severity: "low" }]);
  expect(await evaluate([policy({ validateResource: undefined })], [of("t", {})])).toEqual([]);
});

describe("the gateway's files", () => {
  it.each(["other/1/guard.json", "gateway/1/guard.json.old"])("%s is not the guard's", async (name) =>
    expect(await found("models-priced", object(name, "no JSON"))).toEqual([]),
  );

  it.each(["other/1/config.yaml", "gateway/1/config.yaml.old"])("%s is not LiteLLM's", async (name) =>
    expect(await found("guard-on", object(name, "a: b: c"))).toEqual([]),
  );

  it.each(["other/1/loki.yaml", "loki/1/loki.yaml.old"])("%s is not Loki's", async (name) =>
    expect(await found("retention-logs", object(name, "a: b: c"))).toEqual([]),
  );
});

describe("guard-deployed", () => {
  const gateway = (containers: Props[]) => service("tollgate-gateway", { template: { containers } });
  const envs = [
    { name: "TOLLGATE_LEDGER_URL", valueSource: { secretKeyRef: {} } },
    { name: "TOLLGATE_GUARD_CONFIG", value: "/etc/tollgate/guard.json" },
  ];

  it("asks nothing of what only has the gateway's name, or its type", async () =>
    expect(
      await found(
        "guard-deployed",
        of(types.RUN_JOB, { name: "tollgate-gateway" }),
        service("tollgate-loki"),
      ),
    ).toEqual([]));

  it("takes no other resource for the guard's file", async () =>
    expect(
      await found(
        "guard-deployed",
        gateway([{ envs }]),
        { ...GUARD, type: types.BUCKET },
        object("gateway/1/config.yaml", "{}"),
      ),
    ).toEqual(["The stack has a gateway and no guard.json"]));
});

describe("redis", () => {
  const config = (policy: string) => ({ redisConfigs: { "maxmemory-policy": policy } });

  it("is an instance, not what is configured like one", async () => {
    const other = (policy: string) => of(types.VM, config(policy));
    const redis = (policy: string) => of(types.REDIS_INSTANCE, config(policy), "redis");
    expect(await found("redis-keeps-queue", other("noeviction"), redis("allkeys-lru"))).toEqual([
      "redis has maxmemory-policy allkeys-lru, and no other Redis keeps a queue",
    ]);
  });
});

describe("what is not said", () => {
  it.each<[string, Resource, string[]]>([
    ["database-private", of(types.SQL_INSTANCE, {}), ["ipConfiguration.ipv4Enabled is not set"]],
    ["database-encrypted", of(types.SQL_INSTANCE, { settings: {} }), ["ipConfiguration.sslMode is not set"]],
    ["limits-set", service("loki"), []],
    ["limits-set", service("loki", { template: {} }), []],
    ["limits-set", of(types.RUN_JOB, {}), []],
    [
      "limits-set",
      container({ resources: {} }),
      ["Container loki has no limit of cpu", "Container loki has no limit of memory"],
    ],
    ["secrets-pinned", of(types.RUN_JOB, {}), []],
    ["vm-private", of(types.VM, {}), []],
    ["provider-keys-at-gateway", container({}), []],
    ["provider-keys-at-gateway", container({ envs: [{ name: "A" }, { name: "B", valueSource: {} }] }), []],
  ])("%s", async (policy, resource, findings) => expect(await found(policy, resource)).toEqual(findings));
});

describe("patterns", () => {
  const url = (value: string) => container({ envs: [{ name: "URL", value }] });

  it("a URL with a password is found anywhere in a value", async () => {
    for (const value of ["postgresql://user:password@host/db", "see postgresql://user:password@host/db"])
      expect(await found("secrets-from-manager", url(value))).toHaveLength(1);
  });

  it("the gateway's account is a service account", async () => {
    const member = "user:serviceAccount:tollgate-gateway@p.iam.gserviceaccount.com";
    const binding = of(types.SECRET_MEMBER, { member, secretId: "tollgate-anthropic-api-key" });
    expect(await found("provider-keys-at-gateway", binding)).toHaveLength(1);
  });

  it("the retention is a separate argument", async () => {
    const args = ["--note=--storage.tsdb.retention.time=15d"];
    expect(
      await found(
        "retention-metrics",
        service("tollgate-prometheus", { template: { containers: [{ args }] } }),
      ),
    ).toEqual(["storage.tsdb.retention.time is not set, not 15d"]);
  });

  it("a route may name an unknown model", async () => {
    const guard = structuredClone(guardConfig(definitions));
    Object.values(guard.routes)[0]!.variants.push("unknown-model");
    expect(await found("fallback-elsewhere", object("gateway/1/guard.json", JSON.stringify(guard)))).toEqual(
      [],
    );
  });
});
