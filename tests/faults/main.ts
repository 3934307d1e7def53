/**
 * `tollgate faults --minutes N`: random requests, schemas, endings and kills against the real gateway on this machine, with the
 * simulated provider's account held against the ledger; `--matrix`: every ending on every wire.
 */
import Table from "cli-table3";
import { Option } from "commander";
import { formatUsd } from "../../litellm-config";
import { EXIT, runCommand, tollgateCommand, wholeNumber } from "../../ops/terminal/command";
import { startStack } from "../support/gateway";
import { runMatrix, runRound, TIMES, type CallOutcome, type RoundOutcome } from "./round";

const command = tollgateCommand(
  "faults",
  "Send random requests, schemas, endings and kills through the real gateway, and hold the ledger against the simulated providers' account.",
)
  .addOption(new Option("--minutes <n>", "how long to go on").argParser(wholeNumber(1, 600)).default(5))
  .addOption(
    new Option("--seed <n>", "the first round's seed; random by default").argParser(
      wholeNumber(0, 2 ** 32 - 1),
    ),
  )
  .addOption(
    new Option("--rounds <n>", "rounds at most: a seed with --rounds 1 repeats that round")
      .argParser(wholeNumber(1, 100_000))
      .default(100_000),
  )
  .option("--matrix", "instead, every ending once on every wire, plain and streamed", false)
  .addHelpText(
    "after",
    "\nEnvironment:\n  TOLLGATE_TEST_PORTS    the first port\n  TOLLGATE_TEST_KEEP=1   keeps the logs\n\nExit code 3: a call was charged below its bill, passed its hold or a cap, or stayed held; or too few were answered.",
  )
  .action(run);

interface Options {
  minutes: number;
  seed?: number;
  rounds: number;
  matrix: boolean;
}

async function run({ minutes, seed = Date.now() % 1_000_000, rounds: most, matrix }: Options): Promise<void> {
  console.log("Starting Postgres, Redis, the simulated providers and the gateway ...");
  const stack = await startStack({ workers: 2, gateway: TIMES });
  const rounds: RoundOutcome[] = [];
  const end = Date.now() + minutes * 60_000;
  try {
    for (let at = 0; at < (matrix ? 1 : most) && Date.now() < end; at++) {
      const round = await (matrix ? runMatrix : runRound)(stack, seed + at);
      rounds.push(round);
      const kill = round.killed ? `, a ${round.killed} killed` : "";
      const bad = round.violations.length;
      console.log(
        `seed ${round.seed}: ${round.calls.length} calls${kill}, ${bad === 0 ? "ok" : `${bad} violations`}`,
      );
      for (const violation of round.violations) console.log(`  ${violation}`);
    }
  } finally {
    await stack.stop();
  }
  console.log(summary(rounds));
  if (rounds.some(({ violations }) => violations.length > 0)) process.exitCode = EXIT.finding;
  if (!exercised(rounds.flatMap(({ calls }) => calls))) {
    console.log(
      "Fewer than half of the calls with exact endings were answered: this shows little of the meter.",
    );
    process.exitCode = EXIT.finding;
  }
}

function summary(rounds: RoundOutcome[]): string {
  const calls = rounds.flatMap((round) => round.calls);
  const violations = rounds.flatMap((round) => round.violations);
  const kills = rounds.filter(({ killed }) => killed).length;
  const exact = calls.filter((call) => call.exact);
  const answered = `${answeredOf(calls)} answered (${answeredOf(exact)} of the ${exact.length} with exact endings)`;
  const kinds = ["below the bill", "over the bill", "over its hold", "over a cap", "left held"];
  const counts = kinds.map((kind) => violations.filter((each) => each.startsWith(kind)).length);
  const others = violations.length - counts.reduce((total, count) => total + count, 0);
  return [
    table(calls),
    unanswered(calls),
    ...invalid(calls),
    `${rounds.length} rounds, ${calls.length} calls, ${answered}, ${kills} kills: billed ${formatUsd(sum(calls, "billed"))}, charged ${formatUsd(sum(calls, "charged"))}`,
    [...kinds.map((kind, at) => `${kind} ${counts[at]}`), `others ${others}`].join(", "),
  ].join("\n");
}

function answeredOf(calls: CallOutcome[]): number {
  return calls.filter(({ status }) => status === 200).length;
}

/** Whether enough calls were answered whose charge must be exact; not judged by a few. */
function exercised(calls: CallOutcome[]): boolean {
  const exact = calls.filter((call) => call.exact);
  return exact.length < 100 || 2 * answeredOf(exact) >= exact.length;
}

function newTable(head: string[]): Table.Table {
  return new Table({
    head,
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
}

function table(calls: CallOutcome[]): string {
  const rows = newTable(["ending", "wire", "calls", "answered", "billed", "charged", "ratio", "below"]);
  for (const [key, group] of grouped(calls, ({ ending, wire }) => `${ending}\t${wire}`)) {
    const [billed, charged] = [sum(group, "billed"), sum(group, "charged")];
    rows.push([
      ...key.split("\t"),
      group.length,
      answeredOf(group),
      formatUsd(billed),
      formatUsd(charged),
      billed > 0 ? (charged / billed).toFixed(2) : charged > 0 ? "unbilled" : "",
      group.filter((call) => call.charged < call.billed).length,
    ]);
  }
  return rows.toString();
}

/** Why calls were not answered. */
function unanswered(calls: CallOutcome[]): string {
  const rows = newTable(["not answered because", "calls", "with exact endings"]);
  const missed = calls.filter((call) => call.unanswered !== undefined);
  for (const [reason, group] of grouped(missed, (call) => call.unanswered!.slice(0, 100)).sort(
    ([, a], [, b]) => b.length - a.length,
  )) {
    rows.push([reason, group.length, group.filter(({ exact }) => exact).length]);
  }
  return rows.toString();
}

/** What the provider found invalid in the gateway's requests, the most frequent first. */
function invalid(calls: CallOutcome[]): string[] {
  const reasons = calls.flatMap(({ refusals }) => refusals.map((reason) => reason.slice(0, 120)));
  return grouped(reasons, (reason) => reason)
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, 12)
    .map(([reason, list]) => `the provider refused ${list.length} requests: ${reason}`);
}

function grouped<T>(items: T[], keyOf: (item: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return [...groups].sort(([a], [b]) => a.localeCompare(b));
}

function sum(calls: CallOutcome[], of: "billed" | "charged"): number {
  return calls.reduce((total, call) => total + call[of], 0);
}

runCommand(command);
