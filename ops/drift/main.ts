/**
 * `tollgate drift --stack prod [--json]`: where the cloud differs from the program. Exit code 3 when it does.
 */
import { join } from "node:path";
import { jsonOption, runCommand, stackOption, tollgateCommand } from "../terminal/command";
import { driftedIn } from "./changes";
import { previewEvents } from "./preview";
import { exitCodeOf, reportLines } from "./report";

const ROOT = join(__dirname, "..", "..");

runCommand(
  tollgateCommand("drift", "Show where the cloud differs from the program. Nothing is changed.")
    .addOption(stackOption())
    .addOption(jsonOption("print the resources as JSON"))
    .action(async ({ stack, json }: { stack: string; json?: boolean }) => {
      const drifted = driftedIn(await previewEvents(stack, ROOT));
      if (json) console.log(JSON.stringify({ stack, drifted }, null, 2));
      else for (const line of reportLines(stack, drifted)) console.log(line);
      process.exitCode = exitCodeOf(drifted);
    }),
);
