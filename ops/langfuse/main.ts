/** `tollgate langfuse apply`: sets Langfuse up from the repository. A second run changes nothing. */
import { LangfuseClient } from "@langfuse/client";
import { ports } from "../../catalogue";
import { applySetup } from "./apply";
import { explain } from "./errors";
import { Journal, type Outcome } from "./journal";
import { EXIT, jsonOption, runCommand, tollgateCommand } from "../terminal/command";

interface Options {
  host: string;
  dryRun?: boolean;
  json?: boolean;
}

async function apply({ host, dryRun = false, json = false }: Options): Promise<void> {
  const { LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey } = process.env;
  if (!publicKey || !secretKey) {
    throw new Error(
      "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set: set them to the project's key pair",
    );
  }
  const { api } = new LangfuseClient({ publicKey, secretKey, baseUrl: host.replace(/\/$/, "") });
  const journal = new Journal(dryRun, json ? undefined : (outcome) => print(outcome, dryRun));
  try {
    const { TOLLGATE_GATEWAY_URL: gateway, TOLLGATE_JUDGE_KEY: key } = process.env;
    await applySetup(api, journal, { judgeAccess: gateway && key ? { gateway, key } : undefined });
  } catch (error) {
    throw new Error(explain(error, host), { cause: error });
  }
  const actions = ["created", "updated", "unchanged", "skipped", "failed"] as const;
  const summary = Object.fromEntries(actions.map((action) => [action, journal.count(action)]));
  if (json) console.log(JSON.stringify({ host, dryRun, summary, outcomes: journal.outcomes }, null, 2));
  else console.log(actions.map((action) => `${summary[action]} ${action}`).join(", "));
  if (journal.count("failed") > 0) process.exitCode = EXIT.failed;
}

function print({ kind, name, action, note }: Outcome, dryRun: boolean): void {
  if (action === "unchanged" && !note) return;
  const would = dryRun && (action === "created" || action === "updated") ? "would be " : "";
  console.log(`${kind} ${name}: ${would}${action}${note ? ` (${note})` : ""}`);
}

runCommand(
  tollgateCommand(
    "langfuse apply",
    "Set Langfuse up from this repository: model prices, prompts, evaluators, dashboards. It may run any number of times.",
  )
    .option(
      "--host <url>",
      "Langfuse's address",
      process.env.LANGFUSE_HOST ?? `http://localhost:${ports.langfuse}`,
    )
    .option("--dry-run", "print what would change and change nothing")
    .addOption(jsonOption("print the outcome as JSON"))
    .addHelpText(
      "after",
      `
Environment:
  LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY  the project's key pair (Compose: .tollgate/compose/secrets/langfuse-*-key)
  TOLLGATE_GATEWAY_URL, TOLLGATE_JUDGE_KEY  the gateway as Langfuse reaches it and the judges' key there
                                            (Compose: http://gateway:4000, .tollgate/compose/secrets/judge-key);
                                            without them the judges' connection stays as it is`,
    )
    .action(apply),
);
