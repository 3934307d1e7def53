/** `tollgate compose`: renders the Compose file, creates its secrets, and starts the stack where Docker is. */
import { InvalidArgumentError, Option } from "commander";
import type { Phase } from "../../catalogue";
import { bundle } from "../../services/bundle";
import { docker, whatIsMissing } from "./docker";
import { prepare } from "./prepare";
import { EXIT, runCommand, tollgateCommand } from "../terminal/command";

interface Options {
  phase?: Phase;
  renderOnly?: true;
  down?: true;
}

function parsePhase(text: string): Phase {
  if (!/^[1-5]$/.test(text)) throw new InvalidArgumentError("name a phase from 1 to 5.");
  return Number(text) as Phase;
}

async function compose({ phase: wanted, renderOnly, down }: Options): Promise<void> {
  const { phase, composeFile, envFile, missing } = prepare(wanted);
  console.error(`Rendered ${composeFile} (phase ${phase}); settings in ${envFile}`);
  for (const line of missing) console.error(`  not set yet, set it and run this again: ${line}`);
  if (renderOnly) return;
  const obstacle = whatIsMissing();
  if (obstacle) {
    throw new Error(`Nothing was started. ${obstacle}`);
  }
  // The services' image is built from it.
  if (!down) await bundle();
  const program = ["compose", "--env-file", envFile, "--file", composeFile];
  const code = await docker(
    down
      ? [...program, "--profile", "*", "down"]
      : [...program, "up", "--detach", "--build", "--remove-orphans"],
  );
  if (code !== 0) process.exitCode = EXIT.failed;
}

runCommand(
  tollgateCommand(
    "compose",
    "Render generated/compose/compose.yaml, create its secrets once, and start the stack with Docker Compose.",
  )
    .addOption(
      new Option(
        "--phase <1-5>",
        "bring up this phase and those before it (default: the last one, 1 at first)",
      ).argParser(parsePhase),
    )
    .option("--render-only", "write the files and start nothing")
    .option("--down", "stop and remove the containers; volumes stay")
    .addHelpText(
      "after",
      `
The environment provides your secrets, which are kept: ANTHROPIC_API_KEY, SLACK_WEBHOOK_URL, PAGERDUTY_ROUTING_KEY,
SMTP_PASSWORD. The settings are in .tollgate/compose/.env.`,
    )
    .action(compose),
);
