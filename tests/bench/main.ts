/** `tollgate bench`: what the guard costs a call, and what it saves, against the same LiteLLM without it. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { startStack } from "../support/gateway";
import { measureConversations } from "./conversation";
import { measureCost } from "./cost";
import { measureFairness } from "./fairness";
import { startGateways } from "./gateways";
import { measureLedger } from "./ledger";
import { ledgerText } from "./ledger/print";
import { measureThroughput } from "./load";
import { measureMemory } from "./memory";
import { measureOvershoot } from "./overshoot";
import { fairnessText, memoryText, reportText, throughputText } from "./report";
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

  --rounds N     rounds a gateway, 1 to 200 (40; with --load 20, with --fairness 6)
  --calls N      calls a round, 5 to 100 (20)
  --minutes N    of measuring at most, 1 to 60 (3); starting and stopping takes another minute or two
  --against W    LiteLLM without the guard: "bare" without traces, or "traced" with its own traces to Langfuse, as the
                 guarded one has ours (bare; with --load traced)

  --load         only: calls a second, processor time a call and peak memory of one worker, with the guard and without
  --parallel N   with --load, --memory: callers, each a customer, 1 to 256 (32; with --memory 64)
  --seconds N    with --load: length of a round, 1 to 60 (4)
  --prompt N     with --load, --memory: bytes of each prompt, 0 to 1000000 (100; with --memory 40000)

  --memory       only: how the memory of a gateway of one worker grows

  --fairness     only: a customer's median while another keeps 300 calls under way
  --latency N    with --fairness: milliseconds that the provider takes, 0 to 10000 (60)

  --ledger N     only: a ledger with N calls against an empty one, 1000 to 20000000 (about 40 s a million calls)

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
      minutes: { type: "string", default: "3" },
      against: { type: "string" },
      load: { type: "boolean", default: false },
      memory: { type: "boolean", default: false },
      parallel: { type: "string" },
      seconds: { type: "string", default: "4" },
      prompt: { type: "string" },
      fairness: { type: "boolean", default: false },
      latency: { type: "string", default: "60" },
      ledger: { type: "string" },
      seed: { type: "string", default: "1" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const { load, memory, fairness } = values;
  const rounds = whole("rounds", values.rounds ?? (load ? "20" : fairness ? "6" : "40"), 1, 200);
  const calls = whole("calls", values.calls, 5, 100);
  const minutes = whole("minutes", values.minutes, 1, 60);
  const against = oneOf("against", values.against ?? (load ? "traced" : "bare"), ["bare", "traced"] as const);
  const parallel = whole("parallel", values.parallel ?? (memory ? "64" : "32"), 1, 256);
  const seconds = whole("seconds", values.seconds, 1, 60);
  const prompt = whole("prompt", values.prompt ?? (memory ? "40000" : "100"), 0, 1_000_000);
  const latency = whole("latency", values.latency, 0, 10_000);
  const random = seeded(whole("seed", values.seed, 0, 2 ** 31));
  const print = <T>(figures: T, text: (figures: T) => string) =>
    console.log(values.json ? JSON.stringify(figures, null, 2) : text(figures));

  if (values.ledger !== undefined) {
    const size = whole("ledger", values.ledger, 1_000, 20_000_000);
    return print(await measureLedger(size, LEDGER_PORT, say), ledgerText);
  }
  if (fairness || memory) {
    say("Starting Postgres, Redis, the simulated provider and a gateway of one worker ...");
    return stopping(await startStack(), async (stack) => {
      if (memory) {
        say(`Measuring memory with ${parallel} callers for ${minutes} min ...`);
        return print(await measureMemory(stack, { minutes, parallel, prompt }, say), memoryText);
      }
      say("Measuring a customer alone and beside one who floods ...");
      print(await measureFairness(stack, { rounds, minutes, latency }, random, say), fairnessText);
    });
  }
  say("Starting Postgres, Redis, the simulated provider and two gateways ...");
  await stopping(await startGateways(against), async (gateways) => {
    if (load) {
      say(`Measuring ${rounds} rounds of ${seconds} s at each gateway, for ${minutes} min at most ...`);
      const options = { rounds, minutes, parallel, seconds, prompt };
      const figures = await measureThroughput(gateways, options, random, say);
      return print({ against, ...figures }, throughputText);
    }
    say(`Measuring ${rounds} rounds of ${calls} calls at each gateway, for ${minutes} min at most ...`);
    const cost = await measureCost(gateways, { rounds, minutes, calls }, random, say);
    say("Counting round trips ...");
    const roundTrips = await countRoundTrips(gateways);
    say("Holding conversations until their budgets are used up ...");
    const conversations = await measureConversations(gateways.stack);
    say("Spending past a session's budget ...");
    const overshoot = await measureOvershoot(gateways);
    print({ cores: cpus().length, against, calls, cost, roundTrips, conversations, overshoot }, reportText);
  });
}

async function stopping<T extends { stop(): Promise<void> }>(
  started: T,
  use: (started: T) => Promise<void>,
): Promise<void> {
  try {
    await use(started);
  } finally {
    await started.stop();
  }
}

/** @throws RangeError that names the option, its value and what it takes. */
function whole(name: string, value: string, least: number, most: number): number {
  const number = Number(value);
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new RangeError(`--${name} is "${value}": give a whole number from ${least} to ${most}`);
}

/** @throws RangeError that names the option, its value and what it takes. */
function oneOf<T extends string>(name: string, value: string, texts: readonly T[]): T {
  const found = texts.find((text) => text === value);
  if (found) return found;
  throw new RangeError(`--${name} is "${value}": give one of ${texts.join(", ")}`);
}

main().catch((error: unknown) => {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
