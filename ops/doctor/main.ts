/**
 * `tollgate doctor --stack dev [--json]`: what is missing before the first update, and the line that mends it. Reads only. Exit
 * code 3 when something is missing, 1 when nothing is but a step could not be checked.
 */
import { pc } from "../terminal/colours";
import { jsonOption, runCommand, stackOption, tollgateCommand } from "../terminal/command";
import { askProgram, examine, exitCodeOf, type Finding } from "./check";
import { steps } from "./steps";
import { subjectOf } from "./subject";

const MARKS: Record<Finding["state"], string> = {
  ok: pc.green("ok"),
  missing: pc.red("x "),
  unknown: pc.yellow("? "),
};

runCommand(
  tollgateCommand("doctor", "Show what is missing before the first update of a stack. Nothing is changed.")
    .addOption(stackOption())
    .addOption(jsonOption("print the findings as JSON"))
    .action(async ({ stack, json }: { stack: string; json?: boolean }) => {
      const findings = await examine(steps, await subjectOf(stack), askProgram);
      if (json) console.log(JSON.stringify({ stack, findings }, null, 2));
      else
        for (const { step, state, found, remedy } of findings) {
          console.log(`${MARKS[state]} ${step}: ${found}`);
          if (remedy) console.log(`     ${remedy}`);
        }
      process.exitCode = exitCodeOf(findings);
    }),
);
