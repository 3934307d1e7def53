/** `tollgate bench`: what the guard costs a call, and what it saves, against the same LiteLLM without it. */
import { cpus } from "node:os";
import { Option } from "commander";
import { usd } from "../../litellm-config";
import { jsonOption, runCommand, tollgateCommand, wholeNumber } from "../../ops/terminal/command";
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

interface Options {
  rounds?: number;
  calls: number;
  minutes: number;
  against?: "bare" | "traced";
  load?: boolean;
  parallel?: number;
  seconds: number;
  prompt?: number;
  memory?: boolean;
  fairness?: boolean;
  latency: number;
  ledger?: number;
  seed: number;
  json?: boolean;
}

const FIGURES = `
Without a part, it prints:
  - what the guard adds to a call: milliseconds (median, 99th percentile) and processor time, in short rounds that alternate
    between the two in random order, with a 95 % confidence interval on each ratio (nothing else should run meanwhile);
  - the round trips to the ledger before a call and after it;
  - what a conversation of ten turns costs with and without the provider's prompt cache, and what share of a session's and a
    month's budget can be spent before the guard refuses;
  - how far 50 parallel callers get over a session's budget with LiteLLM's own max_budget_per_session, and with ours.`;

const command = tollgateCommand(
  "bench",
  "Measure what the guard costs a call, and what it saves: LiteLLM with it against the same LiteLLM without it, over a simulated " +
    "provider on this machine.",
)
  .addOption(
    number("--rounds", "rounds per gateway (default: 40; with --load 20, with --fairness 6)", 1, 200),
  )
  .addOption(number("--calls", "calls per round", 5, 100).default(20))
  .addOption(
    number(
      "--minutes",
      "minutes of measuring at most; starting and stopping takes another minute or two",
      1,
      60,
    ).default(3),
  )
  .addOption(
    new Option(
      "--against <which>",
      "LiteLLM without the guard: without traces, or with its own traces to Langfuse, as the guarded one has ours " +
        "(default: bare; with --load traced)",
    ).choices(["bare", "traced"]),
  )
  .optionsGroup("Measure one part only:")
  .option(
    "--load",
    "calls per second, processor time per call and peak memory of one worker, with the guard and without",
  )
  .option(
    "--memory",
    "how the memory of a gateway of one worker grows: streams, tools, files, embeddings, refusals, broken providers",
  )
  .option("--fairness", "a customer's median while another keeps 300 calls under way")
  .addOption(
    number(
      "--ledger",
      "a ledger with this many calls against an empty one (about 40 s a million calls)",
      1_000,
      20_000_000,
    ),
  )
  .optionsGroup("Options of those parts:")
  .addOption(
    number(
      "--parallel",
      "with --load, --memory: callers, each a customer (default: 32; with --memory 64)",
      1,
      256,
    ),
  )
  .addOption(number("--seconds", "with --load: length of a round", 1, 60).default(4))
  .addOption(
    number(
      "--prompt",
      "with --load, --memory: bytes of each prompt (default: 100; with --memory 40000)",
      0,
      1_000_000,
    ),
  )
  .addOption(
    number("--latency", "with --fairness: milliseconds that the provider takes", 0, 10_000).default(60),
  )
  .optionsGroup("Options:")
  .addOption(number("--seed", "seed of the random order and the intervals", 0, 2 ** 31).default(1))
  .addOption(jsonOption("print the figures as JSON"))
  .addHelpText("after", FIGURES)
  .action(bench);

/** An option that takes a whole number; its help names the range. */
function number(name: string, description: string, least: number, most: number): Option {
  return new Option(`${name} <n>`, `${description}, ${least} to ${most}`).argParser(wholeNumber(least, most));
}

const say = (text: string) => process.stderr.write(`${text}\n`);

async function bench(options: Options): Promise<void> {
  const { calls, minutes, load, seconds, memory, fairness, latency, ledger, seed, json } = options;
  const rounds = options.rounds ?? (load ? 20 : fairness ? 6 : 40);
  const against = options.against ?? (load ? "traced" : "bare");
  const parallel = options.parallel ?? (memory ? 64 : 32);
  const prompt = options.prompt ?? (memory ? 40_000 : 100);
  const random = seeded(seed);
  const print = <T>(figures: T, text: (figures: T) => string) =>
    console.log(json ? JSON.stringify(figures, null, 2) : text(figures));

  if (ledger !== undefined) return print(await measureLedger(ledger, say), ledgerText);
  if (fairness || memory) {
    say("Starting Postgres, Redis, the simulated provider and a gateway of one worker ...");
    // Memory is measured with more calls than all customers may pay for.
    const fleet = memory ? { dailyBudget: usd("1000000"), hourlyBudget: usd("100000") } : {};
    return stopping(await startStack({ fleet }), async (stack) => {
      if (memory) {
        say(`Measuring memory with ${parallel} callers for ${minutes} min ...`);
        return print(await measureMemory(stack, { minutes, parallel, prompt }, random, say), memoryText);
      }
      say("Measuring a customer alone and during another's flood ...");
      print(await measureFairness(stack, { rounds, minutes, latency }, random, say), fairnessText);
    });
  }
  say("Starting Postgres, Redis, the simulated provider and two gateways ...");
  await stopping(await startGateways(against), async (gateways) => {
    if (load) {
      say(`Measuring ${rounds} rounds of ${seconds} s at each gateway, for ${minutes} min at most ...`);
      const sizes = { rounds, minutes, parallel, seconds, prompt };
      const figures = await measureThroughput(gateways, sizes, random, say);
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

runCommand(command);
