import { join } from "node:path";
import { plan, readStackFile } from "../../infra/plan";
import { estimate } from "../../infra/cost/estimate";
import { dollars } from "../../infra/cost/money";
import { NANOS_PER_DOLLAR } from "../../litellm-config/money";
import { DIGEST } from "../program/support/planned";
import { describeWithEngine, Workspace } from "./workspace";

const IMAGES = { agent: DIGEST, gateway: DIGEST };
const PACK = join(__dirname, "..", "..", "policies");

const withEngine = describeWithEngine();

withEngine("a real engine with the policy on the cost", () => {
  const workspace = new Workspace("prod");
  afterAll(() => workspace.remove());

  it("stops prod over its ceiling with the figures of the plan, and lets it pass under it", async () => {
    const settings = readStackFile("prod");
    const values = { ...settings.values, "tollgate:images": JSON.stringify(IMAGES) };
    const { total } = estimate((await plan("prod", { ...settings, values })).resources);

    const ceiling = Math.floor(total.expected / NANOS_PER_DOLLAR);
    await workspace.init({ "tollgate:images": IMAGES, "tollgate:monthlyCostCeiling": ceiling });
    const over = await workspace.run("preview", "--policy-pack", PACK);
    expect(over.text).toContain(
      `expected to cost ${dollars(total.expected)} a month (${dollars(total.low)} to ${dollars(total.high)}), over the ceiling of ${dollars(ceiling * NANOS_PER_DOLLAR)}`,
    );
    expect(over.exitCode).not.toBe(0);

    await workspace.set("tollgate:monthlyCostCeiling", "1500");
    const under = await workspace.run("preview", "--policy-pack", PACK);
    expect(under.text).not.toContain("cost-ceiling");
    // Every rule judged: none was dropped for a value known only after the update.
    expect(under.text).not.toContain("can't be known during preview");
    expect(under.exitCode).toBe(0);
  }, 900_000);
});
