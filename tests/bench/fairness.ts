import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { Customer, type Reply, type Stack } from "../support/gateway";
import type { Extent } from "./pairs";
import { bootstrap, median, type Estimate, type Random } from "./statistics";

export interface Fairness {
  rounds: number;
  /** Calls that the other customer always has under way. */
  flood: number;
  /** Milliseconds that the provider takes. */
  latency: number;
  /** Median milliseconds of a customer's call, alone and while the other floods. */
  alone: number;
  beside: number;
  ratio: Estimate;
  /** What became of the flood's calls. */
  answered: number;
  refused: number;
}

const FLOOD = 300;
const CALLS = 15;
const MODEL = "gemini-3.5-flash-lite";

export interface FairnessOptions extends Extent {
  /** Milliseconds that the provider takes for each answer. */
  latency: number;
}

/** What a customer notices of another who keeps 300 calls under way and retries when the answer says so. */
export async function measureFairness(
  stack: Stack,
  { rounds, minutes, latency }: FairnessOptions,
  random: Random,
  say: (text: string) => void,
): Promise<Fairness> {
  const body = { max_tokens: 10 };
  let customers = 0;
  const newcomer = async () => {
    const customer = await Customer.create(stack, "tier_3");
    await customer.behave({ outputTokens: 5, latencyMs: latency });
    customers++;
    return customer;
  };
  const victim = await newcomer();
  const round = async (): Promise<number[]> => {
    const times: number[] = [];
    for (let i = 0; i < CALLS; i++) {
      const sent = performance.now();
      const { status, text } = await victim.call(MODEL, {
        body,
        metadata: { session_id: `v-${customers}-${i}` },
      });
      times.push(performance.now() - sent);
      if (status !== 200) throw new Error(`The gateway answered ${status}: ${text}`);
    }
    return times;
  };

  await round();
  const alone: number[] = [];
  const beside: number[] = [];
  let [answered, refused] = [0, 0];
  const began = performance.now();
  let measured = 0;
  while (measured < rounds && performance.now() - began < minutes * 60_000) {
    alone.push(...(await round()));
    const flooder = await newcomer();
    const over = new AbortController();
    // Every caller of the flood waits on it.
    setMaxListeners(0, over.signal);
    const caller = async (at: number) => {
      while (!over.signal.aborted) {
        const reply: Reply = await flooder.call(MODEL, { body, metadata: { session_id: `f-${at}` } });
        if (reply.status === 200) answered++;
        else refused++;
        if (reply.status === 200) continue;
        const pause = Number(reply.headers.get("retry-after") ?? 1) * 1_000;
        await sleep(pause, undefined, { signal: over.signal }).catch(() => undefined);
      }
    };
    const flood = Array.from({ length: FLOOD }, (_, at) => caller(at));
    // The first moments are the requests' arrival, of which every server has as many.
    await sleep(1_000);
    beside.push(...(await round()));
    over.abort();
    await Promise.all(flood);
    measured++;
    say(`  ${measured} of ${rounds} rounds after ${((performance.now() - began) / 1_000).toFixed(0)} s`);
  }
  const paired = alone.map((one, at) => ({ alone: one, beside: beside[at]! }));
  const ratio = (sample: typeof paired) =>
    median(sample.map((each) => each.beside)) / median(sample.map((each) => each.alone));
  return {
    rounds: measured,
    flood: FLOOD,
    latency,
    alone: median(alone),
    beside: median(beside),
    ratio: bootstrap(paired, ratio, random),
    answered,
    refused,
  };
}
