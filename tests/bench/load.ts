import { Customer } from "../support/gateway";
import { MEASURED_MODEL, send, type Gateways, type Kind } from "./gateways";
import { KINDS, measurePairs, type Extent } from "./pairs";
import { cpuOf, peakMemoryOf } from "./process";
import { ratioOf, type Estimate, type Random } from "./statistics";

export interface Throughput {
  rounds: number;
  parallel: number;
  seconds: number;
  /** Bytes of each prompt. */
  prompt: number;
  /** Answers with status 200 of one worker of each gateway. */
  callsPerSecond: Record<Kind, number>;
  /** Of a call that was answered, failed ones included: what they cost is part of the price. */
  cpuPerCall?: Record<Kind, number>;
  /** MiB, at most, in the whole run. */
  peakMemory?: Record<Kind, number>;
  answered: Record<Kind, number>;
  /** Calls by the status of an answer that was not 200; `lost` without an answer. */
  failed: Record<Kind, Record<string, number>>;
  ratios: { callsPerSecond: Estimate; cpuPerCall?: Estimate };
}

interface Round {
  answered: number;
  failed: Record<string, number>;
  seconds: number;
  cpu: number | undefined;
}

export interface LoadOptions extends Extent {
  /** Callers, each a different customer. */
  parallel: number;
  seconds: number;
  /** Bytes of each prompt. */
  prompt: number;
}

/** A caller that was refused comes back after so many milliseconds, or it would be a flood and no load. */
const PAUSE = 100;

/** Calls a second of one worker that always has as many calls under way, with the guard and without, in random order. */
export async function measureThroughput(
  gateways: Gateways,
  options: LoadOptions,
  random: Random,
  say: (text: string) => void,
): Promise<Throughput> {
  const { parallel, seconds, prompt } = options;
  const callers = await makeCallers(gateways, parallel, prompt);
  const pidOf = (kind: Kind) => (kind === "guarded" ? gateways.stack.gateway.pid : gateways.stock.pid);
  const round = async (kind: Kind, long = seconds): Promise<Round> => {
    const before = cpuOf(pidOf(kind));
    const began = performance.now();
    const counts = await callers.call(kind, () => performance.now() - began < long * 1_000);
    const cpu = before === undefined ? undefined : cpuOf(pidOf(kind))! - before;
    return { ...counts, seconds: (performance.now() - began) / 1_000, cpu };
  };

  for (const kind of KINDS) {
    const { answered, failed } = await round(kind, 2);
    if (answered === 0)
      throw new Error(
        `The ${kind} gateway answered no call (${JSON.stringify(failed)}): set TOLLGATE_TEST_KEEP=1 and see the logs in ${gateways.stack.folder}`,
      );
  }
  const pairs = await measurePairs(round, options, random, say);
  const sum = (list: Round[], of: (round: Round) => number) =>
    list.reduce((total, one) => total + of(one), 0);
  const answered = (list: Round[]) => sum(list, (one) => one.answered);
  const rate = (list: Round[]) => answered(list) / sum(list, (one) => one.seconds);
  const cpu = (list: Round[]) => sum(list, (one) => one.cpu!) / answered(list);
  const both = <T>(of: (list: Round[]) => T): Record<Kind, T> => ({
    guarded: of(pairs.map(({ guarded }) => guarded)),
    stock: of(pairs.map(({ stock }) => stock)),
  });
  const counted = pairs[0]?.stock.cpu !== undefined;
  return {
    rounds: pairs.length,
    parallel,
    seconds,
    prompt,
    callsPerSecond: both(rate),
    cpuPerCall: counted ? both(cpu) : undefined,
    peakMemory: counted
      ? { guarded: peakMemoryOf(pidOf("guarded"))!, stock: peakMemoryOf(pidOf("stock"))! }
      : undefined,
    answered: both(answered),
    failed: both((list) => added(list.map(({ failed }) => failed))),
    ratios: {
      callsPerSecond: ratioOf(pairs, rate, random),
      ...(counted ? { cpuPerCall: ratioOf(pairs, cpu, random) } : {}),
    },
  };
}

export interface Callers {
  /** Lets all of them call one gateway, each again and again while `goesOn`. */
  call(kind: Kind, goesOn: () => boolean): Promise<{ answered: number; failed: Record<string, number> }>;
}

/** Callers with a customer each, who ask for short answers to long prompts, in a new session each time. */
export async function makeCallers(
  gateways: Pick<Gateways, "stack"> & Partial<Gateways>,
  parallel: number,
  prompt: number,
): Promise<Callers> {
  const customers = await Promise.all(
    Array.from({ length: parallel }, () => Customer.create(gateways.stack, "tier_3")),
  );
  for (const customer of customers) await customer.behave({ outputTokens: 10 });
  let sessions = 0;
  const call = async (kind: Kind, goesOn: () => boolean) => {
    let answered = 0;
    const failed: Record<string, number> = {};
    const caller = async (customer: Customer) => {
      while (goesOn()) {
        const status = await send(gateways, kind, customer, MEASURED_MODEL, {
          metadata: { session_id: `load-${++sessions}` },
          prompt: `${sessions} ${"x".repeat(prompt)}`,
          body: { max_tokens: 10 },
        }).catch(() => "lost");
        if (status === 200) {
          answered++;
          continue;
        }
        failed[status] = (failed[status] ?? 0) + 1;
        await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    };
    await Promise.all(customers.map(caller));
    return { answered, failed };
  };
  return { call };
}

function added(counts: Record<string, number>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const each of counts)
    for (const [key, count] of Object.entries(each)) all[key] = (all[key] ?? 0) + count;
  return all;
}
