/**
 * `npm run plan -- --stack dev|prod [--json] [--write]`: what `pulumi up` would make, without Pulumi's CLI, a cloud or a
 * network, what that changes against the committed plan, what it costs, and what the policies say to it. Exits 1 on an error of
 * the program and on a violation of a mandatory policy.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { pc } from "../terminal/colours";
import { estimate } from "../../infra/cost/estimate";
import { renderSummary } from "../cost/print";
import { ceilingOf } from "../../infra/cost/report";
import { judgePlan } from "../../policies/judge-plan";
import { plan, readStackFile, stackNames } from "../../infra/plan";
import { differences, type Difference } from "../../infra/plan/compare";
import { committedForm, committedPlan } from "../../infra/plan/golden";
import { renderTree } from "../../infra/plan/tree";

interface Options {
  stack: string;
  json?: boolean;
  write?: boolean;
}

const MARKS: Record<Difference["kind"], string> = {
  new: pc.green("+"),
  gone: pc.red("-"),
  changed: pc.yellow("~"),
};

async function main({ stack, json, write }: Options): Promise<void> {
  const planned = await plan(stack);
  const found = differences(committedPlan(stack), planned.resources);
  const cost = estimate(planned.resources);
  const violations = await judgePlan(planned);
  if (violations.some(({ level }) => level === "mandatory")) process.exitCode = 1;
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
      for (const line of lines) console.log(`      ${line}`);
    }
    console.log("\nCost (`npm run cost` shows all of it):");
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

const command = new Command("plan")
  .description("Show what `pulumi up` would make, without an engine or a cloud")
  .addOption(new Option("--stack <name>", "the stack").choices(stackNames()).makeOptionMandatory())
  .option("--json", "print the plan as JSON")
  .option("--write", "write it to generated/plan/");

main(command.parse().opts<Options>()).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
