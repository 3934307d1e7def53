/**
 * `npm run compose`: renders the Compose file, makes its secrets, and starts the stack where Docker is.
 */
import { Command, InvalidArgumentError, Option } from "commander";
import type { Phase } from "../../catalogue";
import { bundle } from "../../services/bundle";
import { docker, whatIsMissing } from "./docker";
import { prepare } from "./prepare";

interface Options {
  phase?: Phase;
  renderOnly?: true;
  down?: true;
}

const command = new Command("compose")
  .description(
    "Renders generated/compose/compose.yaml, makes fresh secrets once, and starts the stack with Docker Compose.",
  )
  .addOption(
    new Option(
      "--phase <1-5>",
      "bring up this phase and those before it (default: as before, 1 at first)",
    ).argParser(parsePhase),
  )
  .option("--render-only", "write the files and start nothing")
  .option("--down", "stop and remove the containers; volumes stay")
  .addHelpText(
    "after",
    `
Secrets that are yours come from the environment and are kept: ANTHROPIC_API_KEY, SLACK_WEBHOOK_URL,
PAGERDUTY_ROUTING_KEY, SMTP_PASSWORD. Settings stand in .tollgate/compose/.env.`,
  );

function parsePhase(text: string): Phase {
  if (!/^[1-5]$/.test(text)) throw new InvalidArgumentError("name a phase from 1 to 5.");
  return Number(text) as Phase;
}

async function run({ phase: wanted, renderOnly, down }: Options): Promise<number> {
  const { phase, composeFile, envFile, missing } = prepare(wanted);
  console.error(`Rendered ${composeFile} (phase ${phase}); settings in ${envFile}`);
  for (const line of missing) console.error(`  not given yet, set it and run this again: ${line}`);
  if (renderOnly) return 0;
  const obstacle = whatIsMissing();
  if (obstacle) {
    console.error(`Nothing was started. ${obstacle}`);
    return 1;
  }
  // The services' image is built from it.
  if (!down) await bundle();
  const compose = ["compose", "--env-file", envFile, "--file", composeFile];
  return docker(
    down
      ? [...compose, "--profile", "*", "down"]
      : [...compose, "up", "--detach", "--build", "--remove-orphans"],
  );
}

run(command.parse().opts<Options>()).then(
  (code) => (process.exitCode = code),
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
