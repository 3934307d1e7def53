import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { plan, readStackFile, type PlannedResource } from "../../infra/plan";
import { differences } from "../../infra/plan/compare";
import { committedForm, committedPlan } from "../../infra/plan/golden";
import { renderTree } from "../../infra/plan/tree";
import { planWith, STACKS } from "./support/planned";

const run = promisify(execFile);

describe.each(STACKS)("the committed plan of %s", (stack) => {
  it("is what the program would make now, twice the same", async () => {
    const [first, second] = [await planWith(stack), await plan(stack)];
    expect(committedForm(second)).toBe(committedForm(first));
    const found = differences(committedPlan(stack), first.resources);
    expect(found.map(({ kind, type, name, lines }) => [kind, type, name, ...lines].join(" "))).toEqual([]);
  });

  it("holds nothing of a machine or a moment", async () => {
    const text = committedForm(await planWith(stack));
    expect(text).not.toContain(process.cwd());
    expect(text).not.toMatch(/\b20\d\d-\d\d-\d\dT\d\d:/);
  });
});

describe("a plan", () => {
  it("shows a changed budget in words", async () => {
    const after = await planWith("dev", { "tollgate:tiers": '{"tier_2":{"monthlyBudget":"20"}}' });
    const found = differences((await planWith("dev")).resources, after.resources);
    const gateway = found.find(({ type }) => type === "tollgate:gcp:Gateway");
    expect(gateway?.lines).toContain('budgets.tier_2.monthlyBudget: "$18.00 a month" -> "$20.00 a month"');
    expect(renderTree(after)).toContain("tier_2: monthly budget $20.00 a month of $99.00 a month (20.2 %)");
  });

  it("shows who is public, and what is protected", async () => {
    const tree = renderTree(await planWith("prod"));
    expect(tree.match(/PUBLIC/g)).toHaveLength(1);
    expect(tree).toMatch(/Service agent: PUBLIC, 1-4 instances/);
    expect(tree).toMatch(/DatabaseInstance postgres: POSTGRES_16 \S+ REGIONAL, ENCRYPTED_ONLY, protected/);
  });

  it("says what an update would still ask for", async () => {
    const { missing } = await planWith("prod");
    expect(missing.join("\n")).toContain("tollgate:anthropicApiKey is missing");
    expect(missing.join("\n")).toContain("tollgate:images.agent is missing");
  });

  it("of one machine has the machine and no Cloud Run service", async () => {
    const { resources } = await planWith("dev", { "tollgate:deployment": "gce-vm" });
    const types = resources.map(({ type }) => type);
    expect(types.filter((type) => type.startsWith("gcp:cloudrunv2/"))).toEqual([]);
    const machine = resources.find(({ type }) => type === "gcp:compute/instance:Instance")!;
    expect(machine.inputs).toMatchObject({ machineType: "e2-standard-4" });
    expect(JSON.stringify(machine.inputs)).not.toContain("accessConfigs");
    expect(resources.some(({ name }) => name.endsWith("/compose/compose.yaml"))).toBe(true);
  });
});

describe("differences", () => {
  const resource = (name: string, inputs: Record<string, unknown>): PlannedResource => ({
    type: "t",
    name,
    inputs,
    dependsOn: [],
  });

  it("distinguish new, gone and changed", () => {
    const before = [resource("a", { x: 1 }), resource("b", { x: { y: [1] } })];
    const after = [resource("b", { x: { y: [2] } }), resource("c", {})];
    expect(differences(before, after)).toEqual([
      { kind: "changed", type: "t", name: "b", lines: ["x.y: [1] -> [2]"] },
      { kind: "new", type: "t", name: "c", lines: [] },
      { kind: "gone", type: "t", name: "a", lines: [] },
    ]);
  });

  it("hide nothing: an external address is an empty object", () => {
    const at = (networkInterfaces: object[]) => [resource("vm", { networkInterfaces })];
    const [found] = differences(at([{ subnetwork: "s" }]), at([{ subnetwork: "s", accessConfigs: [{}] }]));
    expect(found?.lines).toEqual(["networkInterfaces[0].accessConfigs[0]: (none) -> {}"]);
  });

  it("show of a text the lines that differ, and of a long line the part that does", () => {
    const text = (budget: number) =>
      Array.from({ length: 500 }, (_, at) => `line ${at === 250 ? budget : at}`).join("\n");
    const [found] = differences([resource("a", { text: text(-18) })], [resource("a", { text: text(-17) })]);
    expect(found?.lines).toEqual(["text:", "  - line -18", "  + line -17"]);
    const long = (word: string) => `${"a".repeat(5000)}${word}${"b".repeat(5000)}`;
    const [one] = differences([resource("a", { x: long("old") })], [resource("a", { x: long("new") })]);
    expect(one?.lines).toHaveLength(1);
    expect(one?.lines[0]).toMatch(/aold.* -> .*anew/);
    expect(one?.lines[0]!.length).toBeLessThan(400);
    const [many] = differences([resource("a", { x: "1\n2" })], [resource("a", { x: text(0) })]);
    expect(many?.lines.at(-1)).toBe("  ... and 490 more lines");
    expect(many?.lines).toHaveLength(14);
  });

  it("do not mind the order of things that have names", () => {
    const envs = [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ];
    expect(differences([resource("a", { envs })], [resource("a", { envs: envs.toReversed() })])).toEqual([]);
  });
});

describe("npm run plan", () => {
  const command = (...args: string[]) => run("npx", ["tsx", "ops/plan/main.ts", ...args]);

  it("prints JSON, and fails on an unknown stack", async () => {
    const { stdout } = await command("--stack", "dev", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ stack: "dev", missing: expect.any(Array) });
    await expect(command("--stack", "staging")).rejects.toMatchObject({ code: 2 });
  }, 120_000);
});

it("a stack file's encrypted values never reach a plan", async () => {
  const settings = readStackFile("dev");
  expect(settings.secretKeys).toEqual([]);
  settings.values["tollgate:anthropicApiKey"] = "plain text that should be encrypted";
  settings.secretKeys.push("tollgate:anthropicApiKey");
  expect(JSON.stringify(await plan("dev", settings))).not.toContain("plain text");
});

it("a secret that is set changes no plan", async () => {
  const settings = readStackFile("dev");
  const before = committedForm(await plan("dev", settings));
  settings.values["tollgate:anthropicApiKey"] = "sk-ant-value";
  settings.secretKeys.push("tollgate:anthropicApiKey");
  expect(committedForm(await plan("dev", settings))).toBe(before);
});

it("a plan shows a changed configuration of a machine", async () => {
  const settings = readStackFile("dev");
  const before = (await plan("dev", settings)).resources;
  settings.values["tollgate:sizes"] = JSON.stringify({ clickhouseMemoryMiB: 1400 });
  const found = differences(before, (await plan("dev", settings)).resources);
  const machine = found.find(({ type }) => type === "gcp:compute/instance:Instance");
  expect(machine?.lines.join("\n")).toMatch(/- .*MEMORY_MIB=1536[\s\S]*\+ .*MEMORY_MIB=1400/);
});
