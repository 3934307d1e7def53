import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { plan, readStackFile, type Plan } from "../../../infra/plan";
import { RunningPack } from "./engine";

const run = promisify(execFile);
const ROOT = join(__dirname, "..", "..", "..");
const PACK = join(ROOT, "policies");

interface Manifest {
  name: string;
  version: string;
  main: string;
  dependencies: Record<string, string>;
}

const read = (file: string) => JSON.parse(readFileSync(file, "utf8")) as Manifest;
const manifest = read(join(PACK, "package.json"));

describe("the pack as `pulumi policy publish` ships it", () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "tollgate-policies-"));
    const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder], { cwd: PACK });
    const [{ filename }] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ filename: string }];
    await run("tar", ["-xzf", filename, "--strip-components=1"], { cwd: folder });
    for (const name of Object.keys(manifest.dependencies)) {
      mkdirSync(dirname(join(folder, "node_modules", name)), { recursive: true });
      symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    }
  }, 300_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("pins its dependencies to the versions that the repository runs", () => {
    const installed = Object.keys(manifest.dependencies).map((name) => [
      name,
      read(join(ROOT, "node_modules", name, "package.json")).version.replace(/^v/, ""),
    ]);
    expect(manifest.dependencies).toEqual(Object.fromEntries(installed));
  });

  it("carries its bundle and nothing of the sources", () =>
    expect(
      readdirSync(folder, { recursive: true })
        .map(String)
        .filter(
          (path) =>
            isOwn(path) &&
            !/^dist\/(\w+$|([\w-]+\/)?[\w.-]+\.(sh|sql|service|timer|conf|xml|template|tmpl|alloy)$)/.test(
              path,
            ) &&
            !/^generated(\/(?!plan)|$)/.test(path),
        )
        .sort(),
    ).toEqual([
      "PulumiPolicy.yaml",
      "dist",
      "dist/index.cjs",
      "dist/prices.json",
      "main.cjs",
      "package.json",
    ]));

  describe.each(["dev", "prod"])("judges %s", (stack) => {
    const settings = readStackFile(stack);
    let pack: RunningPack;
    let planned: Plan;
    beforeAll(async () => {
      planned = await plan(stack, settings);
      pack = await RunningPack.start(folder, stack, settings.values);
    }, 120_000);
    afterAll(() => pack?.stop());

    it(
      "passes the plan, with no rule dropped for a value that is not known yet",
      async () => expect(await pack.preview(planned)).toEqual([]),
      300_000,
    );

    it("finds a budget, a public bucket and a stranger's right to call a provider", async () => {
      const change = new Map<string, (inputs: PlanInputs) => void>([
        ["gcp:storage/bucket:Bucket::config", (inputs) => (inputs.publicAccessPrevention = "inherited")],
        [
          "gcp:projects/iAMMember:IAMMember::agent-bigquery-jobUser",
          (inputs) => (inputs.role = "roles/aiplatform.user"),
        ],
      ]);
      const resources = structuredClone(planned.resources);
      for (const { type, name, inputs } of resources) {
        change.get(`${type}::${name}`)?.(inputs);
        if (name.endsWith("guard.json"))
          inputs.content = String(inputs.content).replace(
            '"budget_nanos": 8000000000',
            '"budget_nanos": 48000000000',
          );
      }
      const found = await pack.preview({ ...planned, resources });
      expect(found.map((finding) => finding.split(":")[0]).sort()).toEqual([
        "bucket-private",
        "budget-share-of-price",
        "configuration-addressed",
        "configuration-as-rendered",
        "fleet-and-daily-budgets",
        "gateway-as-rendered",
        "providers-through-gateway",
        "resources-as-designed",
        "resources-as-designed",
      ]);
    }, 300_000);
  });

  function isOwn(path: string): boolean {
    return !path.startsWith("node_modules") && !path.endsWith(".tgz");
  }
});

type PlanInputs = Plan["resources"][number]["inputs"];
