import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { plan, readStackFile, type PlannedResource } from "../../infra/plan";
import { firstLines } from "../../infra/plan/change-in-words";
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
    const shown = firstLines(many!.lines, 12, "--full");
    expect(shown).toHaveLength(13);
    expect(shown.at(-1)).toBe(`  ... and ${many!.lines.length - 12} more lines (--full)`);
  });

  const FILLER = "word ".repeat(60);
  const MEMBERS = Array.from({ length: 20 }, (_, at) => `user:someone${at}@example.com`);

  it.each<[string, Record<string, unknown>, Record<string, unknown>, string[]]>([
    [
      "the order of variables, of which one may name those before it",
      { envs: [{ name: "A" }, { name: "B" }] },
      { envs: [{ name: "B" }, { name: "A" }] },
      ['envs (order): ["A","B"] -> ["B","A"]'],
    ],
    [
      "one more variable, and no other order",
      { envs: [{ name: "A" }, { name: "C" }] },
      { envs: [{ name: "A" }, { name: "B" }, { name: "C" }] },
      ['envs[B].name: (none) -> "B"'],
    ],
    [
      "a variable that is set twice",
      { envs: [{ name: "A", value: "1" }] },
      {
        envs: [
          { name: "A", value: "2" },
          { name: "A", value: "1" },
        ],
      },
      ['envs[A].value: "1" -> "2"', 'envs[A #2].name: (none) -> "A"', 'envs[A #2].value: (none) -> "1"'],
    ],
    [
      "a key with a dot",
      { labels: { "a.b": "1" } },
      { labels: { a: { b: "1" } } },
      ['labels."a.b": "1" -> (none)', 'labels.a.b: (none) -> "1"'],
    ],
    ["an input that has an option's name", { protect: true }, { protect: false }, ["protect: true -> false"]],
    [
      "a label",
      { labels: { service: "agent" } },
      { labels: { service: "loki" } },
      ['labels.service: "agent" -> "loki"'],
    ],
    [
      "a network tag",
      { tags: ["a"] },
      { tags: ["a", "http-server"] },
      ['tags: ["a"] -> ["a","http-server"]'],
    ],
    [
      "an empty list",
      { sourceRanges: ["10.0.0.0/8"] },
      { sourceRanges: [] },
      ['sourceRanges: ["10.0.0.0/8"] -> []'],
    ],
    ["null for nothing", { a: null }, {}, ["a: null -> (none)"]],
    ["a number for a text", { port: 80 }, { port: "80" }, ['port: 80 -> "80"']],
    [
      "both members that change in a long list",
      { members: MEMBERS },
      { members: ["allUsers", ...MEMBERS.slice(1, 19), "user:x@example.com"] },
      [
        "members:",
        '  - "user:someone0@example.com"',
        '  - "user:someone19@example.com"',
        '  + "allUsers"',
        '  + "user:x@example.com"',
      ],
    ],
    [
      "both words that change in a long text",
      { policyData: `first ${FILLER}last` },
      { policyData: `third ${FILLER}end` },
      ["policyData:", "  - first ", "  - last", "  + third ", "  + end"],
    ],
    [
      "lines in another order",
      { content: "allow all\ndeny all\n" },
      { content: "deny all\nallow all\n" },
      ["content: the same parts in another order, from part 1 on: allow all -> deny all"],
    ],
    [
      "the end of a long line among others",
      { content: `x\n${"a".repeat(300)}old\n` },
      { content: `x\n${"a".repeat(300)}new\n` },
      [
        "content:",
        expect.stringMatching(/^ {2}- \.\.\.a+old$/),
        expect.stringMatching(/^ {2}\+ \.\.\.a+new$/),
      ],
    ],
  ])("show %s", (_, before, after, lines) => {
    const [found] = differences([resource("a", before)], [resource("a", after)]);
    expect(found?.lines).toEqual(lines);
  });

  it("show every value of what is new, and who may call it", () => {
    const rule = { type: "gcp:compute/firewall:Firewall", name: "open", dependsOn: [] };
    expect(
      differences([], [{ ...rule, inputs: { sourceRanges: ["0.0.0.0/0"], allows: [{ protocol: "tcp" }] } }]),
    ).toEqual([
      expect.objectContaining({
        kind: "new",
        lines: ['sourceRanges: ["0.0.0.0/0"]', 'allows[0].protocol: "tcp"'],
      }),
    ]);
  });

  it.each([
    ["protect", { protect: true }, {}, ["option protect: true -> (none)"]],
    ["retainOnDelete", {}, { retainOnDelete: true }, ["option retainOnDelete: (none) -> true"]],
    ["ignoreChanges", {}, { ignoreChanges: ["scaling"] }, ['option ignoreChanges: (none) -> ["scaling"]']],
    [
      "deleteBeforeReplace",
      {},
      { deleteBeforeReplace: true },
      ["option deleteBeforeReplace: (none) -> true"],
    ],
    ["importId", {}, { importId: "x" }, ['option importId: (none) -> "x"']],
    ["dependsOn", { dependsOn: ["t::b"] }, {}, ['option dependsOn: ["t::b"] -> []']],
    ["parent", { parent: "t::b" }, { parent: "t::c" }, ['option parent: "t::b" -> "t::c"']],
  ] as const)("show the option %s", (_, before, after, lines) => {
    const [found] = differences(
      [{ ...resource("a", {}), ...before } as PlannedResource],
      [{ ...resource("a", {}), ...after } as PlannedResource],
    );
    expect(found?.lines).toEqual(lines);
  });

  it("distinguish resources of one type and name under two parents", () => {
    const at = (parent: string, x: number) => ({ ...resource("a", { x }), parent });
    const before = [at("t::b", 1), at("t::c", 1)];
    expect(differences(before, [at("t::b", 2), at("t::c", 1)]).map(({ lines }) => lines)).toEqual([
      ["x: 1 -> 2"],
    ]);
    expect(differences(before, [at("t::b", 1), at("t::c", 2)]).map(({ lines }) => lines)).toEqual([
      ["x: 1 -> 2"],
    ]);
  });
});

/** A resource's options reach the plan. */
it("a plan records the options that change what an update does", async () => {
  const settings = readStackFile("dev");
  settings.values["tollgate:officeHours"] = '{"from":8,"to":18,"timeZone":"Europe/Brussels"}';
  const { resources } = await plan("dev", settings);
  expect(
    resources.find(({ type, name }) => type === "gcp:cloudrunv2/service:Service" && name === "watch"),
  ).toMatchObject({
    ignoreChanges: ["scaling"],
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
