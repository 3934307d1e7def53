import { composePrometheus } from "../../../dashboards/prometheus";
import { ruleGroups } from "../../../dashboards/prometheus/rules";
import type { RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { holds } from "../support/measure";
import type { Suite } from "../support/suite";
import { EQUIVALENTS } from "./equivalent";
import { judgeRule, type Outcome } from "./judge";
import { mutantsOf, type Mutant } from "./mutants";

test("each mutant that is left out as equivalent is there", () => {
  const mutants = ruleGroups(composePrometheus()).flatMap(mutantsOf);
  const names = mutants.map(({ rule, what }) => `${rule}: ${what}`);
  for (const { rule, what } of EQUIVALENTS) expect(names).toContain(`${rule}: ${what}`);
});

describe("a judgement", () => {
  const group: RuleGroup = { name: "example", rules: [{ alert: "Full", expr: "disk > 10" }] };
  const at = (value: number, isTrue: boolean) =>
    holds("Full", isTrue, { shows: `at ${value}`, interval: 60, at: 1, series: { disk: `${value}x5` } });
  const suiteOf = (...measures: Suite["measures"] & object): Suite => ({
    group: "example",
    interval: 60,
    cases: [],
    measures,
  });
  const judge = async (suite: Suite, mutants = mutantsOf(group)) => {
    const outcomes: Record<string, Outcome> = {};
    await judgeRule(mutants, group, suite, ({ what }, outcome) => (outcomes[what] = outcome));
    return outcomes;
  };

  it("is that the tests kill what they notice, and only that", async () => {
    expect(await judge(suiteOf(at(20, true), at(5, false)))).toEqual({
      "> -> >= at 5": "survived",
      "> -> < at 5": "killed",
      "10 -> 9 at 7": "survived",
      "10 -> 11 at 7": "survived",
    });
    const edge = await judge(suiteOf(at(10, false), at(10.5, true)));
    expect(edge).toMatchObject({
      "> -> >= at 5": "killed",
      "10 -> 9 at 7": "killed",
      "10 -> 11 at 7": "killed",
    });
  });

  it("does not count what Prometheus would not load, nor what no test is about", async () => {
    const broken: Mutant = {
      ...mutantsOf(group)[0]!,
      what: "broken",
      changed: { ...group, rules: [{ alert: "Full", expr: "disk >" }] },
    };
    expect(await judge(suiteOf(at(20, true)), [broken])).toEqual({ broken: "invalid" });
    expect(await judge(suiteOf(), [broken])).toEqual({ broken: "unjudged" });
  });

  it("is not given where a test fails on the rule itself", async () => {
    await expect(judge(suiteOf(at(20, false)))).rejects.toThrow("tests of Full fail on it unchanged");
  });
});
