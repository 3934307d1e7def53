/** `tollgate drill --stack dev`: restores the ledger to a clone, checks its sums, deletes the clone and reports RPO and RTO. */
import { InvalidArgumentError } from "commander";
import { placeOf } from "../remote/run";
import { EXIT, jsonOption, runCommand, stackOption, tollgateCommand } from "../terminal/command";
import { interruption } from "../terminal/interruption";
import { table } from "../terminal/table";
import { drill, type DrillResult } from "./drill";

interface Options {
  stack: string;
  at?: string;
  keep?: boolean;
  json?: boolean;
}

async function run({ stack, at, keep, json }: Options): Promise<void> {
  const result = await drill(placeOf(stack), {
    at,
    keep,
    // The clone's name and how to delete it are printed when it is asked for.
    signal: interruption("Once more ends this command and leaves the clone."),
    progress: (line) => console.error(line),
  });
  console.log(json ? JSON.stringify(result, null, 2) : report(result));
  if (result.differences.length > 0) process.exitCode = EXIT.finding;
}

function report(result: DrillResult): string {
  const { instance, restoredTo, rpoSeconds, rtoSeconds, cloneSeconds, lastRowAgeSeconds, sums } = result;
  const rows = [
    ["RPO", `${rpoSeconds} s from the latest moment that can be restored to the start`],
    [
      "RTO",
      `${rtoSeconds} s from the start to the end of the check, ${cloneSeconds} s of them for the clone`,
    ],
    ["restored to", restoredTo],
    ["last row", lastRowAgeSeconds === null ? "none" : `${lastRowAgeSeconds} s before that`],
    ...sums.months.map(({ month, calls, nanos }) => [month, `${calls} settled calls, ${nanos} nano-dollars`]),
  ];
  const verdict =
    result.differences.length === 0
      ? `The clone of ${instance} has the ledger's sums.`
      : [`The clone of ${instance} is wrong:`, ...result.differences].join("\n  ");
  return `${table(["drill", result.stack], rows)}\n${verdict}`;
}

function moment(text: string): string {
  if (
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text) &&
    !Number.isNaN(Date.parse(text))
  )
    return text;
  throw new InvalidArgumentError("use a moment such as 2026-11-27T12:00:00Z");
}

runCommand(
  tollgateCommand(
    "drill",
    "Restore the ledger's Cloud SQL instance to a clone, compare its sums, and delete the clone.",
  )
    .addOption(stackOption())
    .option("--at <time>", "the moment to restore (default: the latest that there is)", moment)
    .option("--keep", "leave the clone")
    .addOption(jsonOption("print the result as JSON"))
    .addHelpText("after", "\nExit code 3: the clone's sums differ from the ledger's.")
    .action(run),
);
