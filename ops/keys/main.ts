/** `tollgate keys new`: draws an agent's key and prints it once, with the entry of `TOLLGATE_AGENT_KEYS` that lets it in. */
import { createHash, randomBytes } from "node:crypto";
import { jsonOption, runCommand, tollgateCommand, UsageError, wholeNumber } from "../terminal/command";

interface Options {
  name: string;
  routes?: string[];
  customers?: string[];
  callsInFlight?: number;
  json?: boolean;
}

function create({ name, routes, customers, callsInFlight, json }: Options): void {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(name))
    throw new UsageError(`--name (is "${name}"): use 1 to 64 letters, digits, _ . or -`);
  const key = `tg-agent-${randomBytes(32).toString("hex")}`;
  const entry = {
    name,
    sha256: createHash("sha256").update(key).digest("hex"),
    ...(routes && { routes }),
    ...(customers && { customers }),
    ...(callsInFlight && { calls_in_flight: callsInFlight }),
  };
  if (json) return console.log(JSON.stringify({ key, entry }, null, 2));
  console.log(
    `The key, shown only now: ${key}\nIts entry in TOLLGATE_AGENT_KEYS (docs/keys.md):\n${JSON.stringify(entry)}`,
  );
}

runCommand(
  tollgateCommand("keys new", "Draw an agent's key for the gateway.")
    .requiredOption("--name <name>", "the key's name, for logs and for you")
    .option("--routes <names...>", "routes or models that it may use (default: all)")
    .option("--customers <ids...>", "customers that it may name (default: all)")
    .option(
      "--calls-in-flight <count>",
      "calls at the same time in each worker (default: no limit)",
      wholeNumber(1, 1_000_000),
    )
    .addOption(jsonOption())
    .action(create),
);
