import { Customer } from "../support/gateway";
import { send, type Gateways, type Kind } from "./gateways";
import { cpuOf, peakMemoryOf } from "./process";
import { ratioOf, shuffled, type Estimate, type Random } from "./statistics";

export interface Throughput {
  rounds: number;
  parallel: number;
  seconds: number;
  /** Bytes of each prompt. */
  prompt: number;
  /** Of one worker of each gateway. */
  callsPerSecond: Record<Kind, number>;
  cpuPerCall?: Record<Kind, number>;
  /** MiB, at most, in the whole run. */
  peakMemory?: Record<Kind, number>;
  ratios: { callsPerSecond: Estimate; cpuPerCall?: Estimate };
}

interface Round {
  calls: number;
  seconds: number;
  cpu: number | undefined;
}

export interface LoadOptions {
  rounds: number;
  /** Callers, each a customer of its own. */
  parallel: number;
  seconds: number;
  /** Bytes of each prompt. */
  prompt: number;
}

const KINDS: readonly Kind[] = ["guarded", "stock"];

/** Calls a second of one worker that always has as many calls under way, with the guard and without, in random order. */
export async function measureThroughput(
  gateways: Gateways,
  { rounds, parallel, seconds, prompt }: LoadOptions,
  random: Random,
): Promise<Throughput> {
  const customers = await Promise.all(
    Array.from({ length: parallel }, () => Customer.create(gateways.stack, "tier_3")),
  );
  for (const customer of customers) await customer.behave({ outputTokens: 10 });
  const pidOf = (kind: Kind) => (kind === "guarded" ? gateways.stack.gateway.pid : gateways.stock.pid);
  let sessions = 0;
  const round = async (kind: Kind, long: number): Promise<Round> => {
    const before = cpuOf(pidOf(kind));
    const began = performance.now();
    let calls = 0;
    const caller = async (customer: Customer) => {
      while (performance.now() - began < long * 1_000) {
        const status = await send(gateways, kind, customer, "gemini-3.5-flash-lite", {
          metadata: { session_id: `load-${++sessions}` },
          prompt: `${sessions} ${"x".repeat(prompt)}`,
          body: { max_tokens: 10 },
        });
        if (status !== 200)
          throw new Error(`The ${kind} gateway answered ${status}: see ${gateways.stack.folder}`);
        calls++;
      }
    };
    await Promise.all(customers.map(caller));
    const cpu = before === undefined ? undefined : cpuOf(pidOf(kind))! - before;
    return { calls, seconds: (performance.now() - began) / 1_000, cpu };
  };

  for (const kind of KINDS) await round(kind, 2);
  const pairs: Record<Kind, Round>[] = [];
  for (let i = 0; i < rounds; i++) {
    const pair: Partial<Record<Kind, Round>> = {};
    for (const kind of shuffled(KINDS, random)) pair[kind] = await round(kind, seconds);
    pairs.push(pair as Record<Kind, Round>);
  }
  const sum = (list: Round[], of: (round: Round) => number) =>
    list.reduce((total, one) => total + of(one), 0);
  const rate = (list: Round[]) => sum(list, ({ calls }) => calls) / sum(list, (one) => one.seconds);
  const cpu = (list: Round[]) => sum(list, (one) => one.cpu!) / sum(list, ({ calls }) => calls);
  const both = (of: (list: Round[]) => number): Record<Kind, number> => ({
    guarded: of(pairs.map(({ guarded }) => guarded)),
    stock: of(pairs.map(({ stock }) => stock)),
  });
  const counted = pairs[0]?.stock.cpu !== undefined;
  return {
    rounds,
    parallel,
    seconds,
    prompt,
    callsPerSecond: both(rate),
    cpuPerCall: counted ? both(cpu) : undefined,
    peakMemory: counted
      ? { guarded: peakMemoryOf(pidOf("guarded"))!, stock: peakMemoryOf(pidOf("stock"))! }
      : undefined,
    ratios: {
      callsPerSecond: ratioOf(pairs, rate, random),
      ...(counted ? { cpuPerCall: ratioOf(pairs, cpu, random) } : {}),
    },
  };
}
