/**
 * Breaks every rule in every small way, one at a time, and runs the promtool tests of its group: a test must fail. Prints the
 * score, by kind of mistake, and the mutants that survived; exits 1 below 95 %.
 *
 * `npm run test:mutation:rules [group ...]`
 */
import { rmSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { stringify } from "yaml";
import { composePrometheus } from "../../../dashboards/prometheus";
import { ruleGroups } from "../../../dashboards/prometheus/rules";
import { temporaryFolder, testRules, tool } from "../support/promtool";
import { isFires, type Suite } from "../support/suite";
import { suites } from "../suites";
import { mutantsOf, type Mutant } from "./mutants";

const REQUIRED_SCORE = 0.95;

type Outcome = "killed" | "survived" | "invalid";

/**
 * An alert's mutant is judged by the cases of that alert, a recording's by those of the whole group. The cases that span days
 * cost most, and come when the others have not killed it.
 */
function suitesFor({ rule }: Mutant, suite: Suite): Suite[] {
  const own = suite.cases.filter(({ alert }) => alert === rule);
  const cases = own.length > 0 ? own : suite.cases;
  const isLong = (each: Suite["cases"][number]) => isFires(each) && parseInt(each.onset) > 1_000;
  const parts = [cases.filter((each) => !isLong(each)), cases.filter(isLong)];
  return parts.filter((part) => part.length > 0).map((part) => ({ ...suite, cases: part }));
}

async function judge(mutant: Mutant): Promise<Outcome> {
  const suite = suites.find(({ group }) => group === mutant.group)!;
  const folder = temporaryFolder({ "rules.yml": stringify({ groups: [mutant.changed] }) });
  const rules = join(folder, "rules.yml");
  try {
    for (const part of suitesFor(mutant, suite)) {
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

function report(outcomes: Map<Mutant, Outcome>): number {
  const valid = [...outcomes].filter(([, outcome]) => outcome !== "invalid");
  const killed = (all: [Mutant, Outcome][]) => all.filter(([, outcome]) => outcome === "killed").length;
  const percent = (all: [Mutant, Outcome][]) => `${((100 * killed(all)) / all.length).toFixed(1)} %`;

  const table = new Table({ head: ["mistake", "mutants", "killed", "score"] });
  for (const kind of [...new Set(valid.map(([{ kind }]) => kind))].sort()) {
    const all = valid.filter(([mutant]) => mutant.kind === kind);
    table.push([kind, all.length, killed(all), percent(all)]);
  }
  table.push(["all", valid.length, killed(valid), percent(valid)]);
  console.log(table.toString());
  for (const [{ group, rule, kind, what }, outcome] of valid) {
    if (outcome === "survived") console.log(`survived: ${group}/${rule}: ${kind} ${what}`);
  }
  console.log(`${outcomes.size - valid.length} mutants were no valid rules and are not counted`);
  return killed(valid) / valid.length;
}

async function main(only: string[]): Promise<void> {
  const groups = ruleGroups(composePrometheus()).filter(
    ({ name }) => only.length === 0 || only.includes(name),
  );
  const started = Date.now();
  const score = report(await judgeAll(groups.flatMap(mutantsOf)));
  console.log(`${Math.round((Date.now() - started) / 1000)} s`);
  if (score < REQUIRED_SCORE) process.exitCode = 1;
}

void main(process.argv.slice(2));
