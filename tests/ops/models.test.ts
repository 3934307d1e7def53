import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definitions } from "../../litellm-config";
import { repository } from "../../ops/workspace/paths";
import { comparePrices, isUnexplained, type Difference } from "../../ops/models/compare";
import {
  installedListFile,
  readPriceList,
  type ListEntry,
  type PriceList,
} from "../../ops/models/price-list";

const installed = readPriceList(installedListFile());
const agreed = comparePrices(definitions.models, installed);

/** The differences that appear when one entry of the list changes. */
function after(name: string, change: (entry: ListEntry) => void): Difference[] {
  const list: PriceList = structuredClone(installed);
  change(list[name]!);
  const known = agreed.map(({ model, field }) => `${model} ${field}`);
  return comparePrices(definitions.models, list).filter(
    ({ model, field }) => !known.includes(`${model} ${field}`),
  );
}

test("no definition contradicts the price list of the pinned LiteLLM without a stated reason", () =>
  expect(agreed.filter(isUnexplained)).toEqual([]));

test("every model at a public provider is compared", () => {
  const compared = comparePrices(definitions.models, {}).map(({ model }) => model);
  const priced = Object.entries(definitions.models).filter(([, { provider }]) => provider !== "self_hosted");
  expect([...new Set(compared)]).toEqual(priced.map(([name]) => name));
});

describe("a change in the list is found", () => {
  it.each<[string, string, (entry: ListEntry) => void, Omit<Difference, "model">[]]>([
    [
      "of a price",
      "claude-opus-5-5",
      (entry) => (entry.input_cost_per_token = 5e-6),
      [{ field: "input", definition: 4_000, list: 5_000 }],
    ],
    [
      "of a price below a nano-dollar",
      "claude-haiku-5-5",
      (entry) => (entry.cache_read_input_token_cost = 1.05e-8),
      [{ field: "cacheRead", definition: 10, list: 10.5 }],
    ],
    [
      "of a cache write",
      "claude-sonnet-5-5",
      (entry) => delete entry.cache_creation_input_token_cost_above_1hr,
      [{ field: "cacheWrite1h", definition: 4_000, list: null }],
    ],
    [
      "of a price of long prompts",
      "claude-haiku-5-5",
      (entry) => (entry.output_cost_per_token_above_100k_tokens = 3e-6),
      [{ field: "output above 100000", definition: 2_500, list: 3_000 }],
    ],
    [
      "that adds a price of long prompts",
      "vertex_ai/gemini-3.8-flash",
      (entry) => (entry.input_cost_per_token_above_200k_tokens = 1.5e-6),
      [{ field: "input above 200000", definition: null, list: 1_500 }],
    ],
    [
      "that prices reasoning apart",
      "vertex_ai/gemini-3.8-flash",
      (entry) => (entry.output_cost_per_reasoning_token = 5e-6),
      [{ field: "output of reasoning", definition: 3_750, list: 5_000 }],
    ],
    [
      "of a limit",
      "claude-haiku-4-5",
      (entry) => (entry.max_output_tokens = 32_000),
      [{ field: "maxOutputTokens", definition: 64_000, list: 32_000 }],
    ],
    [
      "of a deprecation date",
      "vertex_ai/gemini-3.5-flash-lite",
      (entry) => (entry.deprecation_date = "2027-01-31"),
      [{ field: "deprecationDate", definition: "2027-07-21", list: "2027-01-31" }],
    ],
    [
      "of what other locations cost",
      "vertex_ai/gemini-3.8-flash",
      (entry) => delete entry.regional_endpoint_uplift_multiplier,
      [{ field: "regionalUpliftPercent", definition: 10, list: 0 }],
    ],
  ])("%s", (_, name, change, differences) => {
    const model = name.replace("vertex_ai/", "");
    expect(after(name, change)).toEqual(differences.map((each) => ({ model, ...each })));
  });

  it("unless its reason is stated, and a reason that explains nothing is found too", () => {
    const models = structuredClone(definitions.models);
    const reason = "A contract of our own, until the end of the year";
    models["claude-opus-5-5"]!.reasons = { input: reason };
    expect(comparePrices(models, installed).filter(isUnexplained)).toEqual([
      { model: "claude-opus-5-5", field: "reasons.input", definition: reason, list: null },
    ]);
    models["claude-opus-5-5"]!.price.input = 3_000;
    const found = comparePrices(models, installed).filter(({ model }) => model === "claude-opus-5-5");
    expect(found).toEqual([
      { model: "claude-opus-5-5", field: "input", definition: 3_000, list: 4_000, reason },
    ]);
  });
});

describe("npm run models:refresh", () => {
  const folder = mkdtempSync(join(tmpdir(), "price-list-"));
  afterAll(() => rmSync(folder, { recursive: true }));

  function refresh(...args: string[]): { code: number; output: string } {
    const tsx = join(repository, "node_modules", ".bin", "tsx");
    try {
      const main = join(repository, "ops", "models", "main.ts");
      return { code: 0, output: execFileSync(tsx, [main, ...args], { encoding: "utf8", stdio: "pipe" }) };
    } catch (error) {
      const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
      return { code: status, output: stdout + stderr };
    }
  }

  it("exits with 0 where every difference has its reason", () =>
    expect(refresh()).toMatchObject({ code: 0, output: expect.stringContaining("0 without a reason") }));

  it("exits with 3 at a difference, and prints it for people and for programs", () => {
    const file = join(folder, "newer.json");
    const opus = { ...installed["claude-opus-5-5"], input_cost_per_token: 5e-6 };
    writeFileSync(file, JSON.stringify({ ...installed, "claude-opus-5-5": opus }));
    const { code, output } = refresh("--list", file);
    expect(code).toBe(3);
    expect(output).toMatch(/claude-opus-5-5 .* input .* \$4\.00 per million .* \$5\.00 per million/);
    const json = refresh("--list", file, "--json");
    expect(json.code).toBe(3);
    expect(JSON.parse(json.output)).toContainEqual({
      model: "claude-opus-5-5",
      field: "input",
      definition: 4_000,
      list: 5_000,
    });
  });

  it.each([
    ["missing.json", undefined, /missing\.json cannot be read as LiteLLM's price list: ENOENT/],
    ["list.json", "[1]", /list\.json cannot be read as LiteLLM's price list: it is not an object of models/],
  ])("exits with 1 at a list that cannot be read: %s", (name, text, message) => {
    const file = join(folder, name);
    if (text) writeFileSync(file, text);
    const { code, output } = refresh("--list", file);
    expect(code).toBe(1);
    expect(output).toMatch(message);
  });
});
