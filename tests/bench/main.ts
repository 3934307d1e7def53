/** `tollgate bench`: what the guard costs a call, and what it saves, against the same LiteLLM without it. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { formatUsd } from "../../litellm-config";
import { measureConversations, type Conversations, type Usable } from "./conversation";
import { measureCost, type Cost, type Load } from "./cost";
import { startGateways } from "./gateways";
import { measureLedger } from "./ledger";
import { ledgerText } from "./ledger/print";
import { measureOvershoot, type Overshoot } from "./overshoot";
import { countRoundTrips, type RoundTrips } from "./round-trips";

const HELP = `Usage: tollgate bench [options]

Starts LiteLLM with the guard and the same LiteLLM without it, over a simulated provider on this machine, and prints
  - what the guard adds to a call: milliseconds (median, 99th percentile) and processor time, in rounds that alternate
    between the two (nothing else should run meanwhile);
  - the round trips to the ledger before a call and after it;
  - what a conversation of ten turns costs with and without the provider's prompt cache, and what share of a session's and a
    month's budget can be spent before the guard refuses;
  - how far 50 parallel callers get over a session's budget with LiteLLM's own max_budget_per_session, and with ours.

With --ledger it measures only the ledger: one with N calls against an empty one.

  --ledger N   calls in the ledger, 1000 to 20000000
  --rounds N   rounds a gateway, 1 to 50 (8)
  --calls N    calls a round, 10 to 100 (60)
  --json       the figures as JSON
  --help       this text`;

const LEDGER_PORT = Number(process.env.TOLLGATE_TEST_PORTS ?? 26_000) + 980;

interface Report {
  cores: number;
  load: Load;
  cost: Cost;
  roundTrips: RoundTrips;
  conversations: Conversations;
  overshoot: Overshoot;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "8" },
      calls: { type: "string", default: "60" },
      ledger: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const load = {
    rounds: whole("rounds", values.rounds, 1, 50),
    calls: whole("calls", values.calls, 10, 100),
  };

  const say = (text: string) => process.stderr.write(`${text}\n`);
  if (values.ledger !== undefined) {
    const report = await measureLedger(whole("ledger", values.ledger, 1_000, 20_000_000), LEDGER_PORT, say);
    return console.log(values.json ? JSON.stringify(report, null, 2) : ledgerText(report));
  }
  say("Starting Postgres, Redis, the simulated provider and two gateways ...");
  const gateways = await startGateways();
  try {
    say(`Measuring ${load.rounds} rounds of ${load.calls} calls at each gateway ...`);
    const cost = await measureCost(gateways, load);
    say("Counting round trips ...");
    const roundTrips = await countRoundTrips(gateways);
    say("Holding conversations until their budgets are used up ...");
    const conversations = await measureConversations(gateways.stack);
    say("Spending past a session's budget ...");
    const overshoot = await measureOvershoot(gateways);
    const report = { cores: cpus().length, load, cost, roundTrips, conversations, overshoot };
    console.log(values.json ? JSON.stringify(report, null, 2) : text(report));
  } finally {
    await gateways.stop();
  }
}

function text({ cores, load, cost, roundTrips, conversations, overshoot }: Report): string {
  const { guarded, stock, added } = cost;
  const ms = (value: number | undefined) => (value === undefined ? "not measured" : `${value.toFixed(2)} ms`);
  const ratio = (one?: number, other?: number) =>
    one === undefined || other === undefined ? "" : `${(one / other).toFixed(2)}x`;
  const row = (name: string, key: "median" | "p99" | "cpu") => [
    name,
    ms(stock[key]),
    ms(guarded[key]),
    ms(added[key]),
    ratio(guarded[key], stock[key]),
  ];
  const costs = new Table({
    head: ["one call", "LiteLLM", "with the guard", "added", "ratio"],
    style: plain,
  });
  costs.push(row("median", "median"), row("99th percentile", "p99"), row("processor time", "cpu"));
  const over = new Table({ head: ["50 parallel callers", "billed", "over the cap"], style: plain });
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  over.push(
    ["LiteLLM's session budget", formatUsd(overshoot.billed.stock), percent(overshoot.over.stock)],
    ["the guard", formatUsd(overshoot.billed.guarded), percent(overshoot.over.guarded)],
  );
  return [
    `${load.rounds} rounds of ${load.calls} calls at each gateway, one worker each, ${cores} cores`,
    costs.toString(),
    `Round trips to the ledger: ${roundTrips.before} before a call, ${roundTrips.after} after it` +
      (cost.ledgerCpu === undefined ? "" : `; Postgres works ${ms(cost.ledgerCpu)} a call`),
    conversationsText(conversations),
    `A session may cost ${formatUsd(overshoot.cap)}:`,
    over.toString(),
  ].join("\n\n");
}

function conversationsText({ tenTurns, session, deepSession, month }: Conversations): string {
  const usable = new Table({ head: ["spent until refused", "cap", "billed", "usable"], style: plain });
  const row = (name: string, { cap, billed, share, turns }: Usable) => [
    `${name}, ${turns} turns`,
    formatUsd(cap),
    formatUsd(billed),
    `${(share * 100).toFixed(2)} %`,
  ];
  usable.push(
    row("a session of analyses", session),
    row("a session of recommendations", deepSession),
    row("the rest of a month", month),
  );
  const { turns, calls, longestPrompt, withCache, withoutCache } = tenTurns;
  return [
    `A conversation of ${turns} turns (${calls} calls, prompts up to ${longestPrompt} tokens) costs ` +
      `${formatUsd(withCache)} with the provider's prompt cache, ${formatUsd(withoutCache)} without`,
    usable.toString(),
  ].join("\n\n");
}

const plain = { head: [], border: [] };

/** @throws RangeError that names the option, its value and what it takes. */
function whole(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new RangeError(`--${name} is "${value}": give a whole number from ${least} to ${most}`);
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
