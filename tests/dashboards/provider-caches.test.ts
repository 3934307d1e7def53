import { join } from "node:path";
import { stringify } from "yaml";
import { interpolateExpr } from "../../local/dashboards/interpolate";
import { temporaryFolder, tool } from "../rules/support/promtool";
import { panels } from "./support/panels";

const [, , panel] = panels.find(
  ([uid, title]) => uid === "llm-cost-operations" && title === "Saved by providers' caches",
)!;

/** Evaluates the panel's query five minutes into some counters of nano-dollars a minute. */
async function evaluate(nanosPerMinute: { saved: number; writes: number }, dollars: number): Promise<void> {
  const counter = (name: string, step: number) => ({
    series: `tollgate_guard_provider_cache_${name}_nanodollars_total{model="claude-sonnet-5-5",instance="a"}`,
    values: `0+${step / 4}x40`,
  });
  const test = {
    interval: "15s",
    input_series: [counter("saved", nanosPerMinute.saved), counter("writes", nanosPerMinute.writes)],
    promql_expr_test: [
      {
        expr: `round(${interpolateExpr(panel.targets[0]!.expr!, { seconds: 3_600 })}, 0.1)`,
        eval_time: "5m",
        exp_samples: [{ labels: '{model="claude-sonnet-5-5"}', value: dollars }],
      },
    ],
  };
  const folder = temporaryFolder({ "test.yml": stringify({ evaluation_interval: "15s", tests: [test] }) });
  expect(await tool("promtool", ["test", "rules", join(folder, "test.yml")])).toMatchObject({
    output: expect.stringContaining("SUCCESS"),
  });
}

test("the saving of providers' caches is in dollars an hour, what writing costs taken off", () =>
  evaluate({ saved: 40_000_000, writes: 15_000_000 }, 1.5));

test("prompts that are written and never read again show as a loss", () =>
  evaluate({ saved: 0, writes: 15_000_000 }, -0.9));
