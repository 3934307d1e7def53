import { service } from "../../catalogue";
import type { Stack } from "../support/gateway";
import { makeMixture } from "./mixture";
import { memoryOf, peakMemoryOf } from "./process";
import type { Random } from "./statistics";

/** MiB, resident, of a gateway of one worker. */
export interface Memory {
  parallel: number;
  prompt: number;
  /** Before the first call, and after so many seconds and calls. */
  samples: { seconds: number; calls: number; memory: number }[];
  peak: number;
  /** What it grows by in a thousand calls, from the middle of the run to its end. */
  growth: number;
  /** What the catalogue lets it have. */
  limit: number;
  failed: Record<string, number>;
}

export interface MemoryOptions {
  minutes: number;
  parallel: number;
  /** Bytes of each prompt. */
  prompt: number;
}

const SAMPLE_MILLISECONDS = 5_000;

/** How a gateway's memory grows under a load of everything that it meets. */
export async function measureMemory(
  stack: Stack,
  { minutes, parallel, prompt }: MemoryOptions,
  random: Random,
  say: (text: string) => void,
): Promise<Memory> {
  const pid = stack.gateway.pid;
  const callers = await makeMixture(stack, parallel, prompt, random);
  const began = performance.now();
  const samples: Memory["samples"] = [];
  const failed: Record<string, number> = {};
  let calls = 0;
  const sample = () => {
    const memory = memoryOf(pid);
    if (memory === undefined) throw new Error("Memory is read from /proc, which this machine does not have");
    samples.push({ seconds: (performance.now() - began) / 1_000, calls, memory });
  };
  sample();
  let said = began;
  while (performance.now() - began < minutes * 60_000) {
    const until = performance.now() + SAMPLE_MILLISECONDS;
    const counts = await callers.call("guarded", () => performance.now() < until);
    calls += counts.answered;
    for (const [status, count] of Object.entries(counts.failed))
      failed[status] = (failed[status] ?? 0) + count;
    sample();
    if (performance.now() - said > 20_000) {
      said = performance.now();
      const { seconds, memory } = samples.at(-1)!;
      say(`  ${memory.toFixed(0)} MiB after ${calls} calls and ${seconds.toFixed(0)} s`);
    }
  }
  const [middle, last] = [samples[Math.floor(samples.length / 2)]!, samples.at(-1)!];
  return {
    parallel,
    prompt,
    samples,
    peak: peakMemoryOf(pid)!,
    growth: ((last.memory - middle.memory) / (last.calls - middle.calls)) * 1_000,
    limit: service("gateway").memoryMiB,
    failed,
  };
}
