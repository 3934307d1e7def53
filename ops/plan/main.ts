/**
 * `tollgate plan --stack dev|prod [--full] [--json] [--write]`: what `pulumi up` would create, without Pulumi's CLI, a cloud or a network;
 * what that changes against the committed plan, what it costs, and which policies it violates. Exit code 3 on a violation of a
 * mandatory policy.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pc } from "../terminal/colours";
import { estimate } from "../../infra/cost/estimate";
import { renderSummary } from "../cost/print";
import { ceilingOf } from "../../infra/cost/report";
import { judgePlan } from "../../policies/judge-plan";
import { plan, readStackFile } from "../../infra/plan";
import { firstLines } from "../../infra/plan/change-in-words";
import { differences, type Difference } from "../../infra/plan/compare";
import { committedForm, committedPlan } from "../../infra/plan/golden";
import { renderTree } from "../../infra/plan/tree";
import { EXIT, jsonOption, runCommand, stackOption, tollgateCommand } from "../terminal/command";

interface Options {
  stack: string;
  full?: boolean;
  json?: boolean;
  write?: boolean;
}

const MARKS: Record<Difference["kind"], string> = {
  new: pc.green("+"),
  gone: pc.red("-"),
  changed: pc.yellow("~"),
};

/** Lines of one change on a screen, unless all are asked for. */
const LINES = 12;

async function showPlan({ stack, full, json, write }: Options): Promise<void> {
  const planned = await plan(stack);
  const found = differences(committedPlan(stack), planned.resources);
  const cost = estimate(planned.resources);
  const violations = await judgePlan(planned);
  if (violations.some(({ level }) => level === "mandatory")) process.exitCode = EXIT.finding;
  if (json) {
    console.log(JSON.stringify({ ...planned, differences: found, cost, violations }, null, 2));
  } else {
    console.log(renderTree(planned));
    for (const line of planned.missing) console.log(pc.yellow(`  not set: ${line}`));
    console.log(
      found.length > 0
        ? `\nAgainst the committed plan (generated/plan/${stack}.json):`
        : `\nAs the committed plan (generated/plan/${stack}.json).`,
    );
    for (const { kind, type, name, lines } of found) {
      console.log(`  ${MARKS[kind]} ${type} ${name}`);
      for (const line of full ? lines : firstLines(lines, LINES, "--full shows them"))
        console.log(`      ${line}`);
    }
    console.log("\nCost (`npm run cost` shows the whole estimate):");
    console.log(renderSummary(cost, ceilingOf(readStackFile(stack))));
    console.log(violations.length > 0 ? "\nPolicies:" : "\nNo policy is violated.");
    for (const { policy, level, severity, resource, message } of violations) {
      const mark = level === "mandatory" ? pc.red("x") : pc.yellow("!");
      console.log(
        `  ${mark} [${level}] [severity: ${severity}] ${policy} ${resource ?? "the stack"}\n      ${message}`,
      );
    }
  }
  if (write) {
    const folder = join(__dirname, "..", "..", "generated", "plan");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${stack}.json`), committedForm(planned));
  }
}

runCommand(
  tollgateCommand("plan", "Show what `pulumi up` would create, without an engine or a cloud.")
    .addOption(stackOption())
    .option("--full", "show every line of every change")
    .addOption(jsonOption("print the plan as JSON"))
    .option("--write", "write it to generated/plan/")
    .action(showPlan),
);
