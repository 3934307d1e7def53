import Table from "cli-table3";
import { formatUsd } from "../../litellm-config";
import type { Conversations, Usable } from "./conversation";
import type { Cost } from "./cost";
import type { Fairness } from "./fairness";
import type { Against, Kind } from "./gateways";
import type { Throughput } from "./load";
import type { Memory } from "./memory";
import type { Overshoot } from "./overshoot";
import type { RoundTrips } from "./round-trips";
import { estimateText, noiseLine, type Estimate } from "./statistics";

export interface Report {
  cores: number;
  against: Against;
  /** Calls a round. */
  calls: number;
  cost: Cost;
  roundTrips: RoundTrips;
  conversations: Conversations;
  overshoot: Overshoot;
}

const plain = { head: [], border: [] };

const ms = (value: number | undefined) => (value === undefined ? "not measured" : `${value.toFixed(2)} ms`);

const AGAINST: Record<Against, string> = {
  bare: "LiteLLM without traces",
  traced: "LiteLLM with its own traces to Langfuse",
};

/** The tables of a whole run. */
export function reportText(report: Report): string {
  const { cores, against, calls, cost, roundTrips, conversations, overshoot } = report;
  const { guarded, stock, added, ratios } = cost;
  const row = (name: string, key: "median" | "p99" | "cpu") => [
    name,
    ms(stock[key]),
    ms(guarded[key]),
    ms(added[key]),
    ratios[key] ? estimateText(ratios[key]) : "",
  ];
  const costs = new Table({
    head: ["one call", "LiteLLM", "with the guard", "added", "ratio (95 % confidence)"],
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
    `${cost.rounds} rounds of ${calls} calls at each gateway, one worker each, ${cores} cores; ${AGAINST[against]}`,
    costs.toString(),
    noiseLine(named({ median: ratios.median, "processor time": ratios.cpu })),
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

/** The table of `--load`. */
export function throughputText(figures: Throughput & { against: Against }): string {
  const {
    against,
    answered,
    failed,
    rounds,
    parallel,
    seconds,
    prompt,
    callsPerSecond,
    cpuPerCall,
    peakMemory,
    ratios,
  } = figures;
  const table = new Table({
    head: ["one worker", "LiteLLM", "with the guard", "ratio (95 % confidence)"],
    style: plain,
  });
  table.push([
    "calls a second",
    callsPerSecond.stock.toFixed(1),
    callsPerSecond.guarded.toFixed(1),
    estimateText(ratios.callsPerSecond),
  ]);
  if (cpuPerCall && ratios.cpuPerCall)
    table.push([
      "processor time a call",
      ms(cpuPerCall.stock),
      ms(cpuPerCall.guarded),
      estimateText(ratios.cpuPerCall),
    ]);
  if (peakMemory)
    table.push([
      "peak memory",
      `${peakMemory.stock.toFixed(0)} MiB`,
      `${peakMemory.guarded.toFixed(0)} MiB`,
      "",
    ]);
  const calls = (kind: Kind) => `${answered[kind]} answered${failedText(failed[kind])}`;
  table.push(["calls", calls("stock"), calls("guarded"), ""]);
  return [
    `${rounds} rounds of ${seconds} s at each gateway, ${parallel} callers, prompts of ${prompt} bytes; ${AGAINST[against]}`,
    table.toString(),
    noiseLine(named({ "calls a second": ratios.callsPerSecond, "processor time": ratios.cpuPerCall })),
  ].join("\n\n");
}

/** The lines of `--memory`. */
export function memoryText({ parallel, prompt, samples, peak, growth, limit, failed }: Memory): string {
  const table = new Table({
    head: ["calls", "after", "memory"],
    style: plain,
    colAligns: ["right", "right", "right"],
  });
  const step = Math.max(1, Math.ceil((samples.length - 1) / 10));
  for (const [at, { calls, seconds, memory }] of samples.entries())
    if (at % step === 0 || at === samples.length - 1)
      table.push([calls, `${seconds.toFixed(0)} s`, `${memory.toFixed(0)} MiB`]);
  return [
    `One worker, ${parallel} callers, prompts of ${prompt} bytes${failedText(failed)}`,
    table.toString(),
    `Peak ${peak.toFixed(0)} MiB of the ${limit} MiB in the catalogue (${((peak / limit) * 100).toFixed(0)} %); ` +
      `in the second half it grew by ${growth.toFixed(1)} MiB in a thousand calls`,
  ].join("\n\n");
}

function failedText(failed: Record<string, number>): string {
  const kinds = Object.entries(failed).map(([status, count]) => `${count} with ${status}`);
  return kinds.length > 0 ? `, NOT answered: ${kinds.join(", ")}` : "";
}

/** The lines of `--fairness`. */
export function fairnessText({ flood, latency, alone, beside, ratio, answered, refused }: Fairness): string {
  return [
    `A provider that takes ${latency} ms, one worker; another customer keeps ${flood} calls under way ` +
      `(${answered} answered, ${refused} told to retry)`,
    `Median of a call: alone ${ms(alone)}, beside the flood ${ms(beside)}: ${estimateText(ratio)}; the goal is below 2x`,
    noiseLine({ median: ratio }),
  ].join("\n\n");
}

/** Those that were measured. */
function named(ratios: Record<string, Estimate | undefined>): Record<string, Estimate> {
  return Object.fromEntries(
    Object.entries(ratios).filter((entry): entry is [string, Estimate] => !!entry[1]),
  );
}
