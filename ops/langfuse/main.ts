/**
 * `npm run langfuse:apply`: sets Langfuse up from the repository. Model prices, prompts, judges and dashboards; a second run
 * changes nothing.
 */
import { LangfuseClient } from "@langfuse/client";
import { Command } from "commander";
import { ports } from "../../catalogue";
import { applySetup } from "./apply";
import { explain } from "./errors";
import { Journal, type Outcome } from "./journal";

interface Options {
  host: string;
  dryRun?: boolean;
  json?: boolean;
}

const command = new Command("langfuse:apply")
  .description(
    "Sets Langfuse up from this repository: model prices, prompts, judges, dashboards. Run it as often as you like.",
  )
  .option(
    "--host <url>",
    "Langfuse's address",
    process.env.LANGFUSE_HOST ?? `http://localhost:${ports.langfuse}`,
  )
  .option("--dry-run", "say what would change and change nothing")
  .option("--json", "print the outcome as JSON")
  .addHelpText(
    "after",
    `
Environment:
  LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY  the project's key pair (Compose: .tollgate/compose/secrets/langfuse-*-key)
  LANGFUSE_JUDGE_API_KEY                    a key of Anthropic's for the judge; its calls do not pass the gateway

Ends with 0 when everything is as it should be, 1 when something failed.`,
  );

async function run({ host, dryRun = false, json = false }: Options): Promise<number> {
  const { LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey } = process.env;
  if (!publicKey || !secretKey) {
    throw new Error("LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set: give the project's key pair");
  }
  const { api } = new LangfuseClient({ publicKey, secretKey, baseUrl: host.replace(/\/$/, "") });
  const journal = new Journal(dryRun, json ? undefined : (outcome) => print(outcome, dryRun));
  try {
    await applySetup(api, journal, { judgeKey: process.env.LANGFUSE_JUDGE_API_KEY });
  } catch (error) {
    throw new Error(explain(error, host), { cause: error });
  }
  const actions = ["created", "updated", "unchanged", "skipped", "failed"] as const;
  const summary = Object.fromEntries(actions.map((action) => [action, journal.count(action)]));
  if (json) console.log(JSON.stringify({ host, dryRun, summary, outcomes: journal.outcomes }, null, 2));
  else console.log(actions.map((action) => `${summary[action]} ${action}`).join(", "));
  return journal.count("failed") > 0 ? 1 : 0;
}

function print({ kind, name, action, note }: Outcome, dryRun: boolean): void {
  if (action === "unchanged" && !note) return;
  const would = dryRun && (action === "created" || action === "updated") ? "would be " : "";
  console.log(`${kind} ${name}: ${would}${action}${note ? ` (${note})` : ""}`);
}

// Not `process.exitCode`: where nothing answered, Langfuse's client leaves a timer of a minute behind.
run(command.parse().opts<Options>()).then(
  (code) => process.exit(code),
  (error: Error) => {
    console.error(error.message);
    process.exit(1);
  },
);
