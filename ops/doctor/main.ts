/**
 * `npm run doctor -- --stack dev [--json]`: what is missing before the first update, and the line that mends it. Reads only.
 *
 * Exit codes: 0 nothing is missing, 2 something is, 1 the settings cannot be read.
 */
import { Command, Option } from "commander";
import pc from "picocolors";
import { stackNames } from "../../infra/plan";
import { askProgram, examine, type Finding } from "./check";
import { steps } from "./steps";
import { subjectOf } from "./subject";

const MARKS: Record<Finding["state"], string> = {
  ok: pc.green("ok"),
  missing: pc.red("x "),
  unknown: pc.yellow("? "),
};

const command = new Command("doctor")
  .description("Show what is missing before the first update of a stack. Nothing is changed.")
  .addOption(new Option("--stack <stack>", "which environment").choices(stackNames()).makeOptionMandatory())
  .option("--json", "print the findings as JSON")
  .addHelpText("after", "\nExit codes: 0 nothing is missing, 2 something is, 1 the settings cannot be read.")
  .action(async ({ stack, json }: { stack: string; json?: boolean }) => {
    const findings = await examine(steps, await subjectOf(stack), askProgram);
    if (json) console.log(JSON.stringify({ stack, findings }, null, 2));
    else
      for (const { step, state, found, remedy } of findings) {
        console.log(`${MARKS[state]} ${step}: ${found}`);
        if (remedy) console.log(`     ${remedy}`);
      }
    if (findings.some(({ state }) => state !== "ok")) process.exitCode = 2;
  });

command.parseAsync().catch((error: unknown) => {
  console.error(pc.red(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
});
