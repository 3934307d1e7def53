/**
 * `tollgate langfuse margins`: writes each tier's revenue, LLM cost and margin of the month, and each customer's cost against
 * the plan's price, from the ledger to Langfuse, where two dashboards show them.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ports } from "../../../catalogue";
import { explain } from "../errors";
import { marginPublisher } from "./publish";
import { EXIT, runCommand, tollgateCommand, wholeNumber } from "../../terminal/command";

interface Options {
  host: string;
  every?: number;
}

async function publishMargins({ host, every }: Options): Promise<void> {
  const {
    TOLLGATE_LEDGER_URL: ledgerUrl,
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: secretKey,
    TOLLGATE_ENVIRONMENT: environment = "local",
  } = process.env;
  if (!ledgerUrl) throw new Error("TOLLGATE_LEDGER_URL is not set: set it to the URL of role ledger_reader");
  if (!publicKey || !secretKey) {
    throw new Error(
      "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set: set them to the project's key pair",
    );
  }
  const publish = marginPublisher({
    ledgerUrl,
    environment,
    langfuse: { baseUrl: host, publicKey, secretKey },
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(EXIT.ok));
  do {
    try {
      report("info", "margins.written", `${await publish()} scores written`);
    } catch (error) {
      if (!every) throw new Error(explain(error, host), { cause: error });
      report("error", "margins.failed", explain(error, host));
    }
    if (every) await sleep(every * 1_000);
  } while (every);
}

function report(level: "info" | "error", event: string, message: string): void {
  const time = new Date().toISOString();
  console.log(JSON.stringify({ time, level, service: "langfuse-margins", event, message }));
}

runCommand(
  tollgateCommand("langfuse margins", "Write the ledger's margins to Langfuse as scores.")
    .option(
      "--host <url>",
      "Langfuse's address",
      process.env.LANGFUSE_HOST ?? `http://localhost:${ports.langfuse}`,
    )
    .option("--every <seconds>", "repeat after so many seconds", wholeNumber(1, 86_400))
    .addHelpText(
      "after",
      `
Environment: TOLLGATE_LEDGER_URL (role ledger_reader), LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY, TOLLGATE_ENVIRONMENT.`,
    )
    .action(publishMargins),
);
