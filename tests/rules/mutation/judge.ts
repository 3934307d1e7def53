import { rmSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import type { RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { loadable, ruleTests, temporaryFolder, testEach, type RuleTest } from "../support/promtool";
import type { Suite } from "../support/suite";
import { isEquivalent } from "./equivalent";
import type { Mutant } from "./mutants";
import { scopeOf } from "../support/scope";

/**
 * What became of a mutant. `invalid`: Prometheus would not load it. `unjudged`: only dashboards read the series.
 */
export type Outcome = "killed" | "survived" | "invalid" | "equivalent" | "unjudged";

/** Evaluations of a rule in one run of promtool: about a tenth of a second. */
const AT_ONCE = 400;

/**
 * Judges the mutants of one rule, all of them in each run of promtool: the tests that are the likeliest to fail and the
 * quickest come first, and mutants that are killed see no further ones.
 *
 * @param group the group as it is
 * @throws Error when a test fails on the rule as it is: it would "kill" every mutant.
 */
export async function judgeRule(
  mutants: Mutant[],
  group: RuleGroup,
  suite: Suite,
  decide: (mutant: Mutant, outcome: Outcome) => void,
): Promise<void> {
  const { at, rule } = mutants[0]!;
  const scope = scopeOf(at, group, suite);
  const tests = ruleTests(scope.suite);
  const counted = mutants.filter((mutant) => !isEquivalent(mutant));
  for (const mutant of mutants) if (!counted.includes(mutant)) decide(mutant, "equivalent");
  if (tests.length === 0) return counted.forEach((mutant) => decide(mutant, "unjudged"));

  const groups = counted.map(({ changed }) => scopeOf(at, changed, suite).group);
  const names = groups.map((_, i) => `${i}.yml`);
  const folder = temporaryFolder({
    "unchanged.yml": stringify({ groups: [scope.group] }),
    ...Object.fromEntries(groups.map((each, i) => [names[i]!, stringify({ groups: [each] })])),
  });
  try {
    const valid = await loadable(names.map((name) => join(folder, name)));
    let alive = counted.map((mutant, i) => ({ mutant, file: join(folder, names[i]!) }));
    for (const { mutant, file } of alive) if (!valid.has(file)) decide(mutant, "invalid");
    alive = alive.filter(({ file }) => valid.has(file));
    for (const part of parts(tests, scope.isAbout, rule, scope.group.rules.length)) {
      if (alive.length === 0) return;
      const files = [join(folder, "unchanged.yml"), ...alive.map(({ file }) => file)];
      const [unchanged, ...passed] = await testEach(part, files);
      if (!unchanged)
        throw new Error(`tests of ${rule} fail on it unchanged: run \`npx jest tests/rules\` first`);
      alive.forEach(({ mutant }, i) => !passed[i] && decide(mutant, "killed"));
      alive = alive.filter((_, i) => passed[i]);
    }
    for (const { mutant } of alive) decide(mutant, "survived");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The tests in the order of their runs, each part for one run. */
function parts(
  tests: RuleTest[],
  isAbout: (test: object) => boolean,
  rule: string,
  rules: number,
): RuleTest[][] {
  const rank = ({ test }: RuleTest) =>
    (isAbout(test) ? 0 : 2) + ((test as { name: string }).name.startsWith(`${rule}: `) ? 0 : 1);
  const sorted = [...tests].sort((a, b) => rank(a) - rank(b) || a.evaluations - b.evaluations);
  const runs: RuleTest[][] = [];
  let size = Infinity;
  for (const each of sorted) {
    const own = each.evaluations * rules;
    if (size + own > AT_ONCE) {
      runs.push([]);
      size = 0;
    }
    runs.at(-1)!.push(each);
    size += own;
  }
  return runs;
}
