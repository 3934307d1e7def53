/**
 * `npm run test:faults -- --minutes N`: random requests, schemas, endings and kills against the real gateway on this machine,
 * with the simulated provider's account held against the ledger; `--matrix`: every ending on every wire.
 *
 * Exit codes: 0 no violation, 1 violations, 2 wrong arguments.
 */
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { formatUsd } from "../../litellm-config";
import { startStack } from "../support/gateway";
import { LEASE, runMatrix, runRound, type CallOutcome, type RoundOutcome } from "./round";

const HELP = `npm run test:faults [-- --minutes N] [--seed S] [--rounds R]

  --minutes N  how long to go on, 1 to 600; 5 unless given
  --seed S     the first round's seed, 0 to 4294967295; random unless given
  --rounds R   rounds at most: a seed with --rounds 1 repeats that round
  --matrix     instead, every ending once on every wire, plain and streamed

TOLLGATE_TEST_PORTS sets the first port, TOLLGATE_TEST_KEEP=1 keeps the logs.`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "5" },
      seed: { type: "string", default: String(Date.now() % 1_000_000) },
      rounds: { type: "string", default: "100000" },
      matrix: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return (console.log(HELP), 0);
  const minutes = whole("minutes", values.minutes, 1, 600);
  const seed = whole("seed", values.seed, 0, 2 ** 32 - 1);
  const most = whole("rounds", values.rounds, 1, 100_000);

  console.log("Starting Postgres, Redis, the simulated providers and the gateway ...");
  const stack = await startStack({
    workers: 2,
    gateway: { requestTimeout: 2, retries: 1, holdLease: LEASE, settleMargin: 5 },
  });
  const rounds: RoundOutcome[] = [];
  const end = Date.now() + minutes * 60_000;
  try {
    for (let at = 0; at < (values.matrix ? 1 : most) && Date.now() < end; at++) {
      const round = await (values.matrix ? runMatrix : runRound)(stack, seed + at);
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
  return rounds.some(({ violations }) => violations.length > 0) ? 1 : 0;
}

function summary(rounds: RoundOutcome[]): string {
  const calls = rounds.flatMap((round) => round.calls);
  const violations = rounds.flatMap((round) => round.violations);
  const kills = rounds.filter(({ killed }) => killed).length;
  const answered = calls.filter(({ status }) => status === 200).length;
  const kinds = ["below the bill", "over the bill", "over a cap", "left held"];
  const counts = kinds.map((kind) => violations.filter((each) => each.startsWith(kind)).length);
  const others = violations.length - counts.reduce((total, count) => total + count, 0);
  return [
    table(calls),
    ...invalid(calls),
    `${rounds.length} rounds, ${calls.length} calls, ${answered} answered, ${kills} kills: billed ${formatUsd(sum(calls, "billed"))}, charged ${formatUsd(sum(calls, "charged"))}`,
    [...kinds.map((kind, at) => `${kind} ${counts[at]}`), `others ${others}`].join(", "),
  ].join("\n");
}

function table(calls: CallOutcome[]): string {
  const rows = new Table({
    head: ["ending", "wire", "calls", "answered", "billed", "charged", "ratio", "below"],
    style: { head: [], border: [] },
    chars: { mid: "", "left-mid": "", "mid-mid": "", "right-mid": "" },
  });
  for (const [key, group] of grouped(calls, ({ ending, wire }) => `${ending}\t${wire}`)) {
    const [billed, charged] = [sum(group, "billed"), sum(group, "charged")];
    rows.push([
      ...key.split("\t"),
      group.length,
      group.filter(({ status }) => status === 200).length,
      formatUsd(billed),
      formatUsd(charged),
      billed > 0 ? (charged / billed).toFixed(2) : charged > 0 ? "unbilled" : "",
      group.filter((call) => call.charged < call.billed).length,
    ]);
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

/** @throws RangeError that names the option, its value and what it takes. */
function whole(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new RangeError(`--${name} is "${value}": give a whole number from ${least} to ${most}`);
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    console.error(`test:faults: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode =
      error instanceof RangeError || (error as { code?: string }).code?.startsWith("ERR_PARSE") ? 2 : 1;
  },
);
