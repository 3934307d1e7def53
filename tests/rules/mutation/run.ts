/** `npm run test:mutation:rules -- [group ...] [--only TEXT]`: what share of the mistakes in alert rules their tests notice. */
import { rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { Argument } from "commander";
import { stringify } from "yaml";
import { composePrometheus } from "../../../dashboards/prometheus";
import { ruleGroups } from "../../../dashboards/prometheus/rules";
import type { RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { EXIT, runCommand, tollgateCommand, UsageError } from "../../../ops/terminal/command";
import { temporaryFolder, testRules, tool } from "../support/promtool";
import { suites } from "../suites";
import { isEquivalent } from "./equivalent";
import { mutantsOf, type Mutant } from "./mutants";
import { scopeOf } from "./scope";

const REQUIRED_SCORE = 0.95;

type Outcome = "killed" | "survived" | "invalid" | "equivalent" | "unjudged";

async function judge(mutant: Mutant): Promise<Outcome> {
  if (isEquivalent(mutant)) return "equivalent";
  const suite = suites.find(({ group }) => group === mutant.group)!;
  const scope = scopeOf(mutant.rule, mutant.changed, suite);
  // Nothing rests on it but a dashboard: there is no alert to judge it by.
  if (scope.suites.length === 0) return "unjudged";
  const folder = temporaryFolder({ "rules.yml": stringify({ groups: [scope.group] }) });
  const rules = join(folder, "rules.yml");
  try {
    for (const part of scope.suites) {
      if ((await testRules(part, rules)).ok) continue;
      // A rule that Prometheus would not even load proves nothing about the tests.
      return (await tool("promtool", ["check", "rules", rules])).ok ? "killed" : "invalid";
    }
    return "survived";
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function judgeAll(mutants: Mutant[]): Promise<Map<Mutant, Outcome>> {
  const outcomes = new Map<Mutant, Outcome>();
  const queue = [...mutants];
  const worker = async () => {
    for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
      outcomes.set(mutant, await judge(mutant));
      if (process.stderr.isTTY) process.stderr.write(`\r${outcomes.size} of ${mutants.length}`);
    }
  };
  await Promise.all(cpus().map(worker));
  return outcomes;
}

/**
 * Runs the tests of each rule on the rule as it is.
 *
 * @throws Error when some fail: they would "kill" every mutant.
 */
async function checkUnchanged(mutants: Mutant[], groups: RuleGroup[]): Promise<void> {
  const unchanged = new Map(
    mutants.map((mutant): [string, Mutant] => [
      `${mutant.group}/${mutant.rule}`,
      { ...mutant, what: "unchanged", changed: groups.find(({ name }) => name === mutant.group)! },
    ]),
  );
  const outcomes = await judgeAll([...unchanged.values()]);
  const failing = [...unchanged].filter(([, mutant]) =>
    ["killed", "invalid"].includes(outcomes.get(mutant)!),
  );
  if (failing.length > 0)
    throw new Error(
      `tests fail on unchanged rules: ${failing.map(([name]) => name).join(", ")}. Run \`npx jest tests/rules\` first.`,
    );
}

function report(outcomes: Map<Mutant, Outcome>): number {
  const valid = [...outcomes].filter(([, outcome]) => outcome === "killed" || outcome === "survived");
  const killed = (all: [Mutant, Outcome][]) => all.filter(([, outcome]) => outcome === "killed").length;
  const percent = (all: [Mutant, Outcome][]) => `${((100 * killed(all)) / all.length).toFixed(1)} %`;

  const table = new Table({
    head: ["mistake", "mutants", "killed", "score"],
    style: { head: [], border: [] },
  });
  for (const kind of [...new Set(valid.map(([{ kind }]) => kind))].sort()) {
    const all = valid.filter(([mutant]) => mutant.kind === kind);
    table.push([kind, all.length, killed(all), percent(all)]);
  }
  table.push(["all", valid.length, killed(valid), percent(valid)]);
  console.log(table.toString());
  for (const [{ group, rule, kind, what }, outcome] of valid) {
    if (outcome === "survived") console.log(`survived: ${group}/${rule}: ${kind} ${what}`);
  }
  for (const [name, why] of [
    ["invalid", "were invalid rules"],
    ["equivalent", "mean the same as the rule"],
    ["unjudged", "were of series that only dashboards read"],
  ]) {
    const count = [...outcomes.values()].filter((outcome) => outcome === name).length;
    console.log(`not counted: ${count} mutants ${why}`);
  }
  return killed(valid) / valid.length;
}

const allGroups = ruleGroups(composePrometheus());

async function run(names: string[], { only = "" }: { only?: string }): Promise<void> {
  const groups = allGroups.filter(({ name }) => names.length === 0 || names.includes(name));
  const started = Date.now();
  const mutants = groups.flatMap(mutantsOf).filter(({ rule }) => rule.includes(only));
  if (mutants.length === 0)
    throw new UsageError(`--only "${only}" must be part of the name of a rule of these groups`);
  await checkUnchanged(mutants, groups);
  const score = report(await judgeAll(mutants));
  console.log(`${Math.round((Date.now() - started) / 1000)} s`);
  if (score < REQUIRED_SCORE) process.exitCode = EXIT.finding;
}

runCommand(
  tollgateCommand(
    "test:mutation:rules",
    "Break every rule in every small way, one at a time, and run the promtool tests of its group: a test must fail. Prints the " +
      `score, by kind of mistake, and the mutants that survived. Exit code 3 below ${100 * REQUIRED_SCORE} %.`,
  )
    .usage("-- [group ...] [--only <text>]")
    .addArgument(
      new Argument("[group...]", "the groups of rules; all by default").choices(
        allGroups.map(({ name }) => name),
      ),
    )
    .option("--only <text>", "only the rules with this text in their name")
    .action(run),
);
