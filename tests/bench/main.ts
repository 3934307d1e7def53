/** `tollgate bench`: what the guard costs a call, and what it saves, against the same LiteLLM without it. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { startStack } from "../support/gateway";
import { measureConversations } from "./conversation";
import { measureCost } from "./cost";
import { measureFairness } from "./fairness";
import { startGateways, type Gateways } from "./gateways";
import { measureLedger } from "./ledger";
import { ledgerText } from "./ledger/print";
import { measureThroughput } from "./load";
import { measureOvershoot } from "./overshoot";
import { fairnessText, reportText, throughputText } from "./report";
import { countRoundTrips } from "./round-trips";
import { seeded } from "./statistics";

const HELP = `Usage: tollgate bench [options]

Starts LiteLLM with the guard and the same LiteLLM without it, over a simulated provider on this machine, and prints
  - what the guard adds to a call: milliseconds (median, 99th percentile) and processor time, in short rounds that alternate
    between the two in random order, with a 95 % confidence interval on each ratio (nothing else should run meanwhile);
  - the round trips to the ledger before a call and after it;
  - what a conversation of ten turns costs with and without the provider's prompt cache, and what share of a session's and a
    month's budget can be spent before the guard refuses;
  - how far 50 parallel callers get over a session's budget with LiteLLM's own max_budget_per_session, and with ours.

  --rounds N     rounds a gateway, 1 to 200 (40; with --load 10)
  --calls N      calls a round, 5 to 100 (20)

  --load         only: calls a second, processor time a call and peak memory of one worker, with the guard and without
  --parallel N   with --load: callers, each a customer, 1 to 256 (32)
  --seconds N    with --load: length of a round, 1 to 60 (4)
  --prompt N     with --load: bytes of each prompt, 0 to 1000000 (100)

  --fairness     only: a customer's median while another keeps 300 calls under way
  --latency N    with --fairness: milliseconds that the provider takes, 0 to 10000 (60)

  --ledger N     only: a ledger with N calls against an empty one, 1000 to 20000000

  --seed N       of the random order and the intervals (1)
  --json         the figures as JSON
  --help         this text`;

const LEDGER_PORT = Number(process.env.TOLLGATE_TEST_PORTS ?? 26_000) + 980;
const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string" },
      calls: { type: "string", default: "20" },
      load: { type: "boolean", default: false },
      parallel: { type: "string", default: "32" },
      seconds: { type: "string", default: "4" },
      prompt: { type: "string", default: "100" },
      fairness: { type: "boolean", default: false },
      latency: { type: "string", default: "60" },
      ledger: { type: "string" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const rounds = whole("rounds", values.rounds ?? (values.load ? "10" : "40"), 1, 200);
  const calls = whole("calls", values.calls, 5, 100);
  const parallel = whole("parallel", values.parallel, 1, 256);
  const seconds = whole("seconds", values.seconds, 1, 60);
  const prompt = whole("prompt", values.prompt, 0, 1_000_000);
  const latency = whole("latency", values.latency, 0, 10_000);
  const random = seeded(whole("seed", values.seed, 0, 2 ** 31));
  const print = <T>(figures: T, text: (figures: T) => string) =>
    console.log(values.json ? JSON.stringify(figures, null, 2) : text(figures));

  if (values.ledger !== undefined) {
    const calls = whole("ledger", values.ledger, 1_000, 20_000_000);
    return print(await measureLedger(calls, LEDGER_PORT, say), ledgerText);
  }
  if (values.fairness) {
    say("Starting Postgres, Redis, the simulated provider and a gateway of one worker ...");
    const stack = await startStack();
    try {
      say("Measuring a customer alone and beside one who floods ...");
      print(await measureFairness(stack, latency, random), fairnessText);
    } finally {
      await stack.stop();
    }
    return;
  }
  say("Starting Postgres, Redis, the simulated provider and two gateways ...");
  const gateways = await startGateways();
  try {
    if (values.load) {
      say(`Measuring ${rounds} rounds of ${seconds} s at each gateway ...`);
      print(await measureThroughput(gateways, { rounds, parallel, seconds, prompt }, random), throughputText);
    } else {
      print(await measureAll(gateways, rounds, calls, random), reportText);
    }
  } finally {
    await gateways.stop();
  }
}

async function measureAll(gateways: Gateways, rounds: number, calls: number, random: () => number) {
  const load = { rounds, calls };
  say(`Measuring ${rounds} rounds of ${calls} calls at each gateway ...`);
  const cost = await measureCost(gateways, load, random);
  say("Counting round trips ...");
  const roundTrips = await countRoundTrips(gateways);
  say("Holding conversations until their budgets are used up ...");
  const conversations = await measureConversations(gateways.stack);
  say("Spending past a session's budget ...");
  const overshoot = await measureOvershoot(gateways);
  return { cores: cpus().length, load, cost, roundTrips, conversations, overshoot };
}

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
