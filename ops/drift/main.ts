/**
 * `npm run drift -- --stack prod [--json]`: in what the cloud differs from the program.
 *
 * Exit codes: 0 in nothing, 2 in something, 1 nobody knows because the preview failed.
 */
import { join } from "node:path";
import { Command, Option } from "commander";
import pc from "picocolors";
import { stackNames } from "../../infra/plan";
import { driftedIn } from "./changes";
import { previewEvents } from "./preview";
import { exitCodeOf, FAILED, reportLines } from "./report";

const ROOT = join(__dirname, "..", "..");

interface Flags {
  stack: string;
  json?: boolean;
}

const command = new Command("drift")
  .description("Show in what the cloud differs from the program. Nothing is changed.")
  .addOption(new Option("--stack <stack>", "which environment").choices(stackNames()).makeOptionMandatory())
  .option("--json", "print the resources as JSON")
  .addHelpText("after", "\nExit codes: 0 no drift, 2 drift, 1 the preview failed.");

async function main({ stack, json }: Flags): Promise<void> {
  const drifted = driftedIn(await previewEvents(stack, ROOT));
  if (json) console.log(JSON.stringify({ stack, drifted }, null, 2));
  else for (const line of reportLines(stack, drifted)) console.log(line);
  process.exitCode = exitCodeOf(drifted);
}

main(command.parse().opts<Flags>()).catch((error: unknown) => {
  console.error(pc.red(error instanceof Error ? error.message : String(error)));
  process.exitCode = FAILED;
});
