import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { PackRefused, RunningPack } from "./engine";

const ROOT = join(__dirname, "..", "..", "..");
const MESSAGE = [
  "The definitions in litellm-config/ are not valid:",
  "  tiers.tier_1.monthlyBudget (is 98000000000): $98.00 is not below the tier's price $49.00: lower the budget or raise the price",
].join("\n");

describe("a checkout whose definitions are not valid", () => {
  let checkout: string;
  beforeAll(() => {
    checkout = mkdtempSync(join(tmpdir(), "tollgate-checkout-"));
    for (const folder of [
      "policies",
      "litellm-config",
      "catalogue",
      "components",
      "dashboards",
      "infra",
      "app",
      "generated",
    ])
      cpSync(join(ROOT, folder), join(checkout, folder), { recursive: true });
    for (const file of ["package.json", "tsconfig.json"]) cpSync(join(ROOT, file), join(checkout, file));
    symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
    const tiers = join(checkout, "litellm-config", "definitions", "tiers.ts");
    const text = readFileSync(tiers, "utf8");
    writeFileSync(tiers, text.replace(/usd\("8(\.00)?"\)/, 'usd("98")'));
  });
  afterAll(() => rmSync(checkout, { recursive: true, force: true }));

  it("gives the policy pack one message and no stack trace", async () => {
    const refused = await RunningPack.start(join(checkout, "policies"), "dev", {}).catch(
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(PackRefused);
    expect((refused as PackRefused).message.trim()).toBe(MESSAGE);
  }, 120_000);

  it("gives a preview an error that the engine shows without its stack trace", async () => {
    const script = `
      const { RunError } = require("@pulumi/pulumi");
      require("./infra/index.ts")().catch((error) => console.log(JSON.stringify([RunError.isInstance(error), error.message])));`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "-e", script], {
      cwd: checkout,
    });
    expect(JSON.parse(stdout)).toEqual([true, MESSAGE]);
  }, 120_000);
});
