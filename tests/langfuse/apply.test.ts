import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { LangfuseClient } from "@langfuse/client";
import { langfuseSetup } from "../../dashboards/langfuse";
import { definitions, parseDefinitions, perMillion } from "../../litellm-config";
import { applySetup, judge, type ApplyOptions } from "../../ops/langfuse/apply";
import { Journal, type Action } from "../../ops/langfuse/journal";
import { LangfuseApiStandIn } from "../support/langfuse";
import { addVersion } from "../support/langfuse/prompts";

let langfuse: LangfuseApiStandIn;

beforeEach(async () => {
  langfuse = await new LangfuseApiStandIn().start();
});
afterEach(() => langfuse.stop());

async function apply(options: ApplyOptions & { dryRun?: boolean } = {}): Promise<Journal> {
  const { publicKey, secretKey, url } = langfuse;
  const { dryRun = false, ...rest } = options;
  const journal = new Journal(dryRun);
  await applySetup(new LangfuseClient({ publicKey, secretKey, baseUrl: url }).api, journal, rest);
  return journal;
}

const named = (journal: Journal, action: Action) =>
  journal.outcomes.filter((each) => each.action === action).map(({ kind, name }) => `${kind} ${name}`);

const setup = langfuseSetup();
const widgetCount = setup.boards.reduce((sum, { tiles }) => sum + tiles.length, 0);
const everything =
  setup.models.length +
  setup.prompts.length +
  setup.evaluations.length * 3 +
  widgetCount +
  setup.boards.length;

describe("the first run", () => {
  test("makes everything, and Langfuse takes every request", async () => {
    const journal = await apply();
    expect(named(journal, "failed")).toEqual([]);
    expect(journal.count("created")).toBe(everything);
    expect(langfuse.models).toHaveLength(Object.keys(definitions.models).length);
    expect(langfuse.dashboards.map(({ name }) => name)).toEqual([
      "Cost per customer",
      "Cost per session",
      "Model usage mix",
      "Token efficiency",
      "Query classification",
      "Margin tracker",
    ]);
    expect(langfuse.widgets).toHaveLength(widgetCount);
    expect(langfuse.rules.map(({ enabled, sampling }) => ({ enabled, sampling }))).toEqual([
      { enabled: true, sampling: 0.1 },
      { enabled: true, sampling: 0.1 },
    ]);
  });

  test("gives Langfuse the prices that LiteLLM and the guard have", async () => {
    await apply();
    for (const [name, { price }] of Object.entries(definitions.models)) {
      const { matchPattern, pricingTiers } = langfuse.models.find(({ modelName }) => modelName === name)!;
      const { prices } = pricingTiers[0]!;
      const nanos = (type: string) => Math.round(prices[type]! * 1e9);
      expect([nanos("input"), nanos("output")]).toEqual([price.input, price.output]);
      expect([nanos("cache_read_input_tokens"), nanos("input_cache_creation")]).toEqual([
        price.cacheRead,
        price.cacheWrite5m,
      ]);
      const pattern = new RegExp(matchPattern.replace("(?i)", ""), "i");
      expect([pattern.test(name), pattern.test(`vertex_ai/${name}`), pattern.test(`${name}-x`)]).toEqual([
        true,
        true,
        false,
      ]);
    }
  });

  test("gives Langfuse a separate tier for long prompts", async () => {
    await apply();
    const { pricingTiers } = langfuse.models.find(({ modelName }) => modelName === "claude-haiku-5-5")!;
    expect(pricingTiers.map(({ name }) => name)).toEqual(["Standard", "Above 100,000 tokens"]);
    const [, long] = pricingTiers;
    expect(long).toMatchObject({ isDefault: false, priority: 1, prices: { input: 5e-7, output: 2.5e-6 } });
    const [condition] = long!.conditions as { usageDetailPattern: string; operator: string; value: number }[];
    expect(condition).toMatchObject({ operator: "gt", value: 100_000 });
    const pattern = new RegExp(condition!.usageDetailPattern, "i");
    const types = Object.keys(long!.prices).filter((type) => pattern.test(type));
    expect(types.filter((type) => /output|candidates|thoughts/.test(type))).toEqual([]);
    expect(types).toEqual(
      expect.arrayContaining([
        "input",
        "cache_read_input_tokens",
        "input_cached_tokens",
        "cache_creation_input_tokens",
      ]),
    );
  });

  test("leaves what others made alone", async () => {
    const theirs = { ...(await theirModel()), isLangfuseManaged: true };
    langfuse.dashboards.push({
      id: "theirs",
      name: "Ours",
      description: "",
      definition: { widgets: [] },
      filters: [],
    });
    await apply();
    expect(langfuse.models).toContainEqual(theirs);
    expect(langfuse.dashboards.find(({ id }) => id === "theirs")).toMatchObject({ name: "Ours" });
  });

  async function theirModel() {
    const [model] = setup.models;
    const managed = { id: "managed", isLangfuseManaged: true, ...model! } as (typeof langfuse.models)[number];
    langfuse.models.push(managed);
    return managed;
  }
});

describe("a second run", () => {
  test("changes nothing", async () => {
    await apply();
    langfuse.writes = [];
    const journal = await apply();
    expect(langfuse.writes).toEqual([]);
    expect(journal.count("unchanged")).toBe(everything);
  });

  test("changes nothing on a Langfuse with pages full of other people's things", async () => {
    const [model] = setup.models;
    for (let at = 0; at < 250; at++)
      langfuse.models.push({
        ...(model as (typeof langfuse.models)[number]),
        id: `m${at}`,
        modelName: `other-${at}`,
        isLangfuseManaged: true,
      });
    await apply();
    for (let at = 0; at < 120; at++)
      langfuse.evaluators.unshift({ ...langfuse.evaluators.at(-1)!, id: `e${at}`, name: `other-${at}` });
    langfuse.writes = [];
    await apply();
    expect(langfuse.writes).toEqual([]);
  });

  test("brings a changed price, and only that, without a moment without a price", async () => {
    await apply();
    const before = langfuse.models.find(({ modelName }) => modelName === "claude-opus-5-5")!.id;
    langfuse.writes = [];
    const models = structuredClone(definitions.models);
    models["claude-opus-5-5"]!.price.output = perMillion("21");
    const journal = await apply({ setup: langfuseSetup(parseDefinitions({ ...definitions, models })) });
    expect(named(journal, "updated")).toEqual(["model claude-opus-5-5"]);
    expect(langfuse.writes).toEqual([`PUT /api/public/models/${before}`]);
    const prices = langfuse.models.find(({ modelName }) => modelName === "claude-opus-5-5")!.pricingTiers[0]!
      .prices;
    expect(prices["output"]).toBe(0.000021);
  });

  test("reduces a model that was made twice to one, with its price set right", async () => {
    await apply();
    const [twice] = langfuse.models.splice(0, 1);
    const old = structuredClone(twice!);
    old.pricingTiers[0]!.prices = { input: 1 };
    langfuse.models.unshift(old, { ...structuredClone(old), id: "second" });
    const journal = await apply();
    expect(named(journal, "updated")).toEqual([`model ${twice!.modelName}`]);
    expect(named(journal, "failed")).toEqual([]);
    const left = langfuse.models.filter(({ modelName }) => modelName === twice!.modelName);
    expect(left.map(({ pricingTiers }) => pricingTiers)).toEqual([twice!.pricingTiers]);
  });

  test("brings a changed prompt as a new version, and only that", async () => {
    await apply();
    langfuse.writes = [];
    const prompts = setup.prompts.map((each, at) =>
      at === 0 ? { ...each, text: `${each.text}\nBe brief.` } : each,
    );
    const journal = await apply({ setup: { ...setup, prompts } });
    expect(named(journal, "updated")).toEqual([`prompt ${prompts[0]!.name}`]);
    expect(langfuse.writes).toEqual(["POST /api/public/v2/prompts"]);
    const versions = langfuse.prompts.filter(({ name }) => name === prompts[0]!.name);
    expect(versions.map(({ version, labels }) => [version, labels])).toEqual([
      [1, []],
      [2, ["production", "repository"]],
    ]);
    expect(versions[1]).toMatchObject({
      prompt: prompts[0]!.text,
      commitMessage: "From app/prompts/assistant.md",
    });
  });

  test("keeps a prompt that people put in production until the file changes, and says so", async () => {
    await apply();
    const { name } = setup.prompts[0]!;
    addVersion(langfuse.prompts, { type: "text", name, prompt: "An experiment", labels: ["production"] });
    langfuse.writes = [];
    const journal = await apply();
    expect(langfuse.writes).toEqual([]);
    expect(journal.outcomes.find((each) => each.name === name)?.note).toBe(
      "production is version 2, made in Langfuse; the repository's is 1",
    );
  });

  test("sets right what was changed by hand: a widget, a placement, a rule, a score's bounds", async () => {
    await apply();
    langfuse.widgets[0]!.chartType = "PIE";
    langfuse.dashboards[1]!.definition.widgets[0]!.x = 11;
    langfuse.rules[0]!.sampling = 1;
    langfuse.scoreConfigs[0]!.maxValue = 10;
    const journal = await apply();
    expect(named(journal, "updated").sort()).toEqual([
      "dashboard Cost per session",
      `evaluation rule ${setup.evaluations[0]!.rule.name}`,
      `score config ${setup.evaluations[0]!.scoreConfig.name}`,
      `widget ${langfuse.widgets[0]!.name}`,
    ]);
    expect((await apply()).count("unchanged")).toBe(everything);
  });

  test("does not start a rule again that people stopped", async () => {
    await apply();
    langfuse.rules[0]!.enabled = false;
    langfuse.writes = [];
    await apply();
    expect([langfuse.rules[0]!.enabled, langfuse.writes]).toEqual([false, []]);
  });

  test("removes a model that was made twice", async () => {
    await apply();
    langfuse.models.push({ ...langfuse.models[0]!, id: "twice" });
    await apply();
    expect(langfuse.models).toHaveLength(setup.models.length);
  });
});

describe("a dry run", () => {
  test("names what would be made, and makes nothing", async () => {
    const journal = await apply({ dryRun: true });
    expect(langfuse.writes).toEqual([]);
    expect(journal.count("created")).toBe(everything);
    expect(journal.count("failed")).toBe(0);
  });

  test("names nothing where nothing would change", async () => {
    await apply();
    expect((await apply({ dryRun: true })).count("unchanged")).toBe(everything);
  });
});

describe("judges", () => {
  test("are skipped with the remedy where Langfuse has no model, and everything else is made", async () => {
    langfuse.defaultModel = false;
    const journal = await apply();
    expect(journal.count("failed")).toBe(0);
    const skipped = journal.outcomes.filter(({ action }) => action === "skipped");
    expect(skipped.map(({ kind }) => kind)).toEqual([
      "evaluator",
      "evaluation rule",
      "evaluator",
      "evaluation rule",
    ]);
    expect(skipped[0]!.note).toMatch(/no evaluation model: set TOLLGATE_JUDGE_KEY and TOLLGATE_GATEWAY_URL/);
    expect(langfuse.dashboards).toHaveLength(6);
  });

  test("call the gateway with their own key, are asked before Langfuse takes them, and stay in a run without", async () => {
    langfuse.defaultModel = false;
    const gateway = await modelServer();
    const access = { gateway: gateway.url, key: "tg-judge-1234" };
    langfuse.connectionHosts = ["127.0.0.1"];
    expect(named(await apply({ judgeAccess: access }), "created")).toContain("evaluator question-answered");
    const connection = {
      provider: judge.provider,
      adapter: "openai",
      baseURL: `${gateway.url}/v1`,
      secretKey: "tg-judge-1234",
      customModels: [judge.model],
      withDefaultModels: false,
    };
    expect(langfuse.connections).toEqual([connection]);
    expect(langfuse.evaluators.map(({ modelConfig }) => modelConfig)).toEqual([judge, judge]);
    expect(gateway.asked).toEqual(
      Array(2).fill(["POST /v1/chat/completions", "Bearer tg-judge-1234", judge.model]),
    );

    langfuse.writes = [];
    expect((await apply({ judgeAccess: access })).count("unchanged")).toBe(everything + 1);
    expect(JSON.stringify((await apply()).outcomes)).not.toContain("tg-judge");
    expect(langfuse.writes).toEqual([]);

    // A new key, which Langfuse shows the end of.
    const renewed = { ...access, key: "tg-judge-5678" };
    expect(named(await apply({ judgeAccess: renewed }), "updated")).toEqual([
      `llm connection ${judge.provider}`,
    ]);
    expect(langfuse.connections).toEqual([{ ...connection, secretKey: "tg-judge-5678" }]);
    await gateway.stop();
  });

  test.each([
    ["an address that Langfuse does not allow", "http://10.0.0.8:4000", "Blocked IP address detected"],
    [
      "a name inside the network that it does not allow",
      "http://gateway-2:4000",
      "DNS lookup failed for gateway-2",
    ],
    ["a gateway that does not answer", "http://127.0.0.1:9", "fetch failed"],
  ])("%s fails with Langfuse's words", async (_, gateway, said) => {
    langfuse.connectionHosts = ["127.0.0.1"];
    const journal = await apply({ judgeAccess: { gateway, key: "tg-judge-1234" } });
    expect(journal.outcomes.find(({ action }) => action === "failed")!.note).toContain(said);
  });
});

/** A server in the gateway's place that notes what it is asked. */
async function modelServer() {
  const asked: unknown[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const { model } = JSON.parse(body) as { model: string };
      asked.push([`${request.method} ${request.url}`, request.headers.authorization, model]);
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, asked, stop: () => new Promise((resolve) => server.close(resolve)) };
}

describe("when something fails", () => {
  test("a conflict is reported and the rest is done", async () => {
    langfuse.fail("POST", "/api/public/v2/prompts", 409);
    const journal = await apply();
    expect(journal.outcomes.filter(({ action }) => action === "failed")).toEqual([
      {
        kind: "prompt",
        name: setup.prompts[0]!.name,
        action: "failed",
        note: "HTTP 409: made to fail with 409",
      },
    ]);
    expect(journal.count("created")).toBe(everything - 1);
    expect(named(await apply(), "created")).toEqual([`prompt ${setup.prompts[0]!.name}`]);
  });

  test("a server error is tried again", async () => {
    langfuse.fail("GET", "/api/public/models", 503);
    langfuse.fail("POST", "/api/public/unstable/dashboards", 500);
    expect((await apply()).count("failed")).toBe(0);
  });

  test("a server error that stays is reported, and the other parts are done", async () => {
    langfuse.fail("GET", "/api/public/models", 500, { times: 10 });
    const journal = await apply();
    expect(journal.outcomes.filter(({ action }) => action === "failed")).toEqual([
      { kind: "part", name: "models", action: "failed", note: "HTTP 500: made to fail with 500" },
    ]);
    expect(langfuse.dashboards).toHaveLength(6);
  });

  test("without the unstable part the stable one is applied, and the dashboards say what is missing", async () => {
    langfuse.unstable = false;
    const journal = await apply();
    const failed = journal.outcomes.filter(({ action }) => action === "failed");
    expect(failed.map(({ kind }) => kind)).toEqual(Array(6).fill("dashboard"));
    expect(failed[0]!.note).toMatch(/no \/api\/public\/unstable for dashboards: use 4.16 or later/);
    expect(langfuse.models).toHaveLength(setup.models.length);
    expect(langfuse.rules).toHaveLength(setup.evaluations.length);
  });

  test("a dashboard whose widget could not be made is not made with a hole", async () => {
    langfuse.fail("POST", "/api/public/unstable/dashboard-widgets", 400);
    const journal = await apply();
    const [widget, dashboard] = journal.outcomes.filter(({ action }) => action === "failed");
    expect(widget).toMatchObject({ kind: "widget", note: "HTTP 400: made to fail with 400" });
    expect(dashboard).toMatchObject({ kind: "dashboard", note: "its widgets are missing: LLM cost" });
    expect(langfuse.dashboards).toHaveLength(5);
  });
});
