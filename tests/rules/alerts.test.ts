import { alertGroups, composePrometheus } from "../../dashboards/prometheus";
import { WATCHDOG } from "../../dashboards/watchdog";
import { generated, testRules } from "./support/promtool";
import { isFires } from "./support/suite";
import { suites } from "./suites";

const groups = alertGroups(composePrometheus().jobs);

describe.each(suites)("the alerts of group $group", (suite) => {
  test("fire, and stay quiet, as promtool says", async () => {
    const { ok, output } = await testRules(suite, generated(`prometheus/rules/${suite.group}.yml`));
    expect(ok ? "" : output).toBe("");
  });

  const alerts = groups[suite.group]!;

  test.each([...new Set(alerts.map(({ name }) => name))])("%s has cases on both sides", (name) => {
    const cases = suite.cases.filter(({ alert }) => alert === name);
    const expected = cases.filter(isFires).flatMap((each) => each.alerts);
    const distinct = (each: { severity: string; labels?: Record<string, string> }) =>
      `${each.severity} ${each.labels?.window ?? ""}`;
    const rules = alerts.filter((alert) => alert.name === name).map(distinct);
    expect(new Set(expected.map(distinct))).toEqual(new Set(rules));
    if (name !== WATCHDOG) expect(cases.filter((each) => !isFires(each))).not.toHaveLength(0);
  });
});

test("every group of rules has a suite", () => {
  expect(suites.map(({ group }) => group).sort()).toEqual(Object.keys(groups).sort());
});
