import * as pulumi from "@pulumi/pulumi";
import { contentHash } from "../../components/config-files";
import { readConfig } from "../../infra/config";
import { filesOfFolder } from "../../infra/gcp/content-folders";
import { readStackFile } from "../../infra/plan";
import type { Resource } from "../../policies/evaluate";
import * as types from "../../policies/infrastructure/types";
import type { Props } from "../../policies/rule";
import { holdTo, of, run } from "./cases";
import { judge } from "./judge";

const DESIGNED =
  "Undo it, or change the program and run `npm run render`, so that the change is reviewed as one";
const user = (props: object) =>
  of("gcp:sql/user:User", {
    ...{ name: "postgres", instance: "i", password: "p", deletionPolicy: "ABANDON" },
    ...props,
  });
const files = { "guard.json": "{}", "config.yaml": "a: 1\n" };
const folder = (hash: string): Resource[] =>
  Object.entries(files).map(([path, content]) =>
    of(types.BUCKET_OBJECT, { name: `gateway/${hash}/${path}`, content }, path),
  );

holdTo([
  [
    "resources-as-designed",
    DESIGNED,
    [
      ["what the program makes", [user({})], []],
      ["a value that only the update knows", [user({ instance: undefined })], []],
      [
        "another kind of resource",
        [of("gcp:container/cluster:Cluster", {})],
        ["The program makes no gcp:container/cluster:Cluster"],
      ],
      [
        "a component, a random password, and the provider that the engine makes",
        [
          of("tollgate:gcp:X", {}),
          of("random:index/randomPassword:RandomPassword", {}),
          of("pulumi:providers:gcp", {}, "default_9_32_1"),
        ],
        [],
      ],
      [
        "a word to guess, and a provider of its own",
        [of("random:index/randomPet:RandomPet", {}), of("pulumi:providers:gcp", { project: "x" })],
        [
          "The program makes no random:index/randomPet:RandomPet",
          "The program makes no pulumi:providers:gcp",
        ],
      ],
      ["another field", [user({ host: "%" })], ["host is set, which the program does not"]],
      [
        "a field below another field",
        [user({ passwordPolicy: { allowedFailedAttempts: 9 } })],
        ["passwordPolicy is set, which the program does not"],
      ],
      ["another choice", [user({ deletionPolicy: "DELETE" })], ["deletionPolicy is DELETE, not ABANDON"]],
      [
        "another choice that may be a secret",
        [user({ deletionPolicy: "correct horse" })],
        ["deletionPolicy is another value, not ABANDON"],
      ],
      [
        "an empty list, and a field less",
        [
          of("gcp:servicenetworking/connection:Connection", {
            ...{ network: "n", service: "servicenetworking.googleapis.com" },
            reservedPeeringRanges: [],
          }),
        ],
        ["deletionPolicy is not set", "reservedPeeringRanges has 0 entries, not 1"],
      ],
      [
        "a number that is not above zero, in a list",
        [
          of("gcp:compute/disk:Disk", {
            ...{ labels: { class: "dev", environment: "dev", owner: "o", phase: "1", service: "s" } },
            ...{ size: 0, type: "pd-balanced", zone: "z" },
          }),
        ],
        ["size is 0, not above 0"],
      ],
    ],
  ],
  [
    "configuration-addressed",
    "Deploy the files with ConfigFiles of components/config-files.ts",
    [
      ["files under the name that stands for them", folder(contentHash(files)), []],
      [
        "a file less",
        folder(contentHash(files)).slice(1),
        [`The files of gateway/${contentHash(files)} are not those that its name stands for`],
      ],
      [
        "files under another name",
        folder("0123456789ab"),
        ["The files of gateway/0123456789ab are not those that its name stands for"],
      ],
    ],
  ],
  [
    "singletons-awake",
    "Set minInstances and maxInstances to 1 and alwaysOnCpu to true",
    [
      [
        "one instance with CPU",
        [
          run("loki", {
            template: {
              scaling: { minInstanceCount: 1, maxInstanceCount: 1 },
              containers: [{ name: "loki", resources: { cpuIdle: false } }],
            },
          }),
        ],
        [],
      ],
      ["what scales", [run("agent", { template: { scaling: { maxInstanceCount: 4 } } })], []],
      [
        "one that sleeps",
        [
          run("loki", {
            template: {
              scaling: { maxInstanceCount: 2 },
              containers: [{ name: "loki", resources: { cpuIdle: true } }],
            },
          }),
        ],
        ["template.scaling has 0 to 2 instances, not one", "Container loki has no CPU between requests"],
      ],
      [
        "a worker pool without workers",
        [of("gcp:cloudrunv2/workerPool:WorkerPool", { scaling: { manualInstanceCount: 0 } })],
        ["scaling.manualInstanceCount is 0, not 1"],
      ],
    ],
  ],
  [
    "documented-limits",
    "Keep to the limit, or ask Google for a larger quota where docs/limits.md says so",
    [
      ["a size that there is", [of(types.REDIS_INSTANCE, { memorySizeGb: 300 })], []],
      ["what is not known yet", [of(types.VM, { metadata: { "user-data": undefined } })], []],
      [
        "a size that there is not",
        [of(types.REDIS_INSTANCE, { memorySizeGb: 301 })],
        ["Memorystore's size: 301 GiB; Google documents: 1 to 300 GiB; a replica needs the tier STANDARD_HA"],
      ],
    ],
  ],
]);

describe("stack-complete", () => {
  afterEach(() => pulumi.runtime.setAllConfig({}));
  const REMEDY = "Start it from catalogue/, or lower tollgate:phase";
  const some = [of(types.VM, { labels: { service: "other" } })];

  it.each<[string, Record<string, string>, string[]]>([
    ["no stack", {}, []],
    [
      "a machine",
      { "tollgate:phase": "5", "tollgate:deployment": "gce-vm" },
      ["The stack has no machine machine"],
    ],
    [
      "a machine with a budget",
      { "tollgate:phase": "5", "tollgate:deployment": "gce-vm", "tollgate:billingAccount": "x" },
      ["The stack lacks a budget (0 of 1)", "The stack has no machine machine"],
    ],
  ])("of %s", async (_, settings, findings) => {
    pulumi.runtime.setAllConfig(settings);
    expect(await judge("stack-complete", some)).toEqual(
      findings.map((finding) => `mandatory: ${finding}. ${REMEDY}`),
    );
  });

  it("names what does not run on Cloud Run, and grows with the phase", async () => {
    const at = async (phase: string) => {
      pulumi.runtime.setAllConfig({ "tollgate:phase": phase });
      return judge("stack-complete", some);
    };
    const [first, third] = [await at("1"), await at("3")];
    expect(first).toContain(`mandatory: Nothing runs gateway. ${REMEDY}`);
    expect(first).toContain(`mandatory: No schedule runs the job ledger-archive. ${REMEDY}`);
    expect(first).toContain(`mandatory: The stack has no machine clickhouse. ${REMEDY}`);
    expect(first).not.toContain(`mandatory: Nothing runs loki. ${REMEDY}`);
    expect(third).toContain(`mandatory: Nothing runs loki. ${REMEDY}`);
    expect(third).toContain(`mandatory: The stack lacks log sinks (0 of 2). ${REMEDY}`);
  });
});

describe("configuration-as-rendered", () => {
  const REMEDY =
    "Change what renders it (dashboards/, infra/config-files/, litellm-config/) and run `npm run render`";
  const { values } = readStackFile("dev");
  let texts: Record<string, string>;
  beforeEach(() => {
    pulumi.runtime.setAllConfig(values);
    texts = filesOfFolder("alertmanager", readConfig({ planning: true }));
  });
  afterEach(() => pulumi.runtime.setAllConfig({}));

  it.each<[string, (files: Props) => void, string[]]>([
    ["what is rendered", () => {}, []],
    ["a text that only the update knows", (files) => (files["alertmanager.yml"] = undefined), []],
    [
      "a text that comes from a local file",
      (files) => (files["alertmanager.yml"] = null),
      ["alertmanager/one/alertmanager.yml is not what the program renders"],
    ],
    [
      "another text",
      (files) => (files["alertmanager.yml"] += "\n"),
      ["alertmanager/one/alertmanager.yml is not what the program renders"],
    ],
    [
      "a file less, and a file more",
      (files) => {
        delete files["templates/tollgate.tmpl"];
        files["more.yml"] = "";
      },
      [
        "alertmanager/one lacks templates/tollgate.tmpl",
        "alertmanager/one/more.yml is not a file of the program's",
      ],
    ],
  ])("%s", async (_, change, findings) => {
    const files: Props = { ...texts };
    change(files);
    const objects = Object.entries(files).map(([path, content]) =>
      of(types.BUCKET_OBJECT, { name: `alertmanager/one/${path}`, content }, path),
    );
    expect(await judge("configuration-as-rendered", objects)).toEqual(
      findings.map((finding) => `mandatory: ${finding}. ${REMEDY}`),
    );
  });

  it.each([
    ["a folder that the program does not make", values, "plan/one/dev.json is not a file of the program's"],
    [
      "settings that are not usable",
      { ...values, "tollgate:phase": "9" },
      "The files cannot be compared: Pulumi.stack.yaml is not usable:  tollgate:phase 9 must be at most 5",
    ],
    ["no settings", {}, undefined],
  ])("%s", async (_, settings, finding) => {
    pulumi.runtime.setAllConfig(settings);
    const object = of(types.BUCKET_OBJECT, { name: "plan/one/dev.json", content: "{}" });
    expect(await judge("configuration-as-rendered", [object])).toEqual(
      finding === undefined ? [] : [`mandatory: ${finding}. ${REMEDY}`],
    );
  });
});
