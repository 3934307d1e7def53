/** `tollgate reconcile`: the ledger against the providers' own accounts, by model and day. */
import { readFileSync } from "node:fs";
import { Option } from "commander";
import { formatUsd, type Provider } from "../../litellm-config";
import { STACKS } from "../../infra/plan/stack-file";
import { LEDGER_HELP } from "../ledger/command";
import { EXIT, jsonOption, runCommand, tollgateCommand, UsageError } from "../terminal/command";
import { table } from "../terminal/table";
import { readAnthropic } from "./anthropic";
import { BillError, type Bill } from "./bill";
import { chargesHere, chargesOf } from "./charges";
import { compare, type Compared } from "./compare";
import { readVertex, VERTEX_QUERY } from "./vertex";

interface Options {
  anthropic?: string;
  vertex?: string;
  tolerance: string;
  stack?: string;
  json?: boolean;
}

const program = tollgateCommand(
  "reconcile",
  "Compare the ledger with the providers' bills for the same days; exit code 3 on a difference.",
)
  .addOption(new Option("--anthropic <file>", "Anthropic's usage or cost report, as its Admin API answers"))
  .addOption(new Option("--vertex <file>", "Cloud Billing's export of Vertex AI, as CSV"))
  .addOption(new Option("--tolerance <percent>", "how far the ledger may be above the bill").default("5"))
  .addOption(
    new Option(
      "--stack <name>",
      "a stack on Google Cloud, whose job exports its charges; the files stay here",
    ).choices(STACKS),
  )
  .addOption(jsonOption())
  .addHelpText("after", `\nThe CSV is the result of:\n${VERTEX_QUERY}\n${LEDGER_HELP}`)
  .action(async ({ anthropic, vertex, tolerance, stack, json }: Options) => {
    if (!/^\d+(\.\d+)?$/.test(tolerance))
      throw new UsageError(`--tolerance (is "${tolerance}"): use percent, such as 5`);
    const bills: [Provider, Bill][] = [];
    if (anthropic !== undefined) bills.push(["anthropic", read(anthropic, readAnthropic)]);
    if (vertex !== undefined) bills.push(["vertex", read(vertex, readVertex)]);
    if (bills.length === 0) throw new UsageError("Give --anthropic, --vertex, or both");
    const months = [...new Set(bills.flatMap(([, { from, to }]) => monthsOf(from, to)))];
    const charges = await (stack === undefined ? chargesHere(months) : chargesOf(stack, months));
    const rows = bills.flatMap(([provider, bill]) => compare(provider, bill, charges, Number(tolerance)));
    console.log(json ? JSON.stringify(rows, null, 2) : text(rows));
    if (rows.some(({ differs }) => differs)) process.exitCode = EXIT.finding;
  });

runCommand(program);

function read(file: string, parse: (text: string) => Bill): Bill {
  try {
    return parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BillError(`${file}: ${(error as Error).message}`);
  }
}

/** The months of some days. */
function monthsOf(from: string, to: string): string[] {
  const months: string[] = [];
  for (
    let at = new Date(`${from.slice(0, 7)}-01`);
    at <= new Date(to);
    at.setUTCMonth(at.getUTCMonth() + 1)
  ) {
    months.push(at.toISOString().slice(0, 7));
  }
  return months;
}

function text(rows: Compared[]): string {
  if (rows.length === 0) return "Neither the ledger nor the bills have anything for these days.";
  return table(
    ["provider", "day", "model", "ledger", "bill", "ledger above bill", ""],
    rows.map(({ provider, day, model, ledgerNanos, billNanos, differenceNanos, differs }) => [
      provider,
      day,
      model,
      formatUsd(ledgerNanos),
      formatUsd(billNanos),
      formatUsd(differenceNanos),
      differs ? "differs" : "",
    ]),
  );
}
