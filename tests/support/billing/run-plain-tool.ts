import { sampleSources } from "../../../app/sources/sample";
import type { Sources } from "../../../app/sources/source";
import { createLog, createMetrics } from "../../../app/telemetry";
import { PLAIN_TOOLS } from "../../../app/tools";
import { runTool } from "../../../app/tools/run-tool";
import { MemoryLedger } from "../memory-ledger";

const telemetry = { log: createLog({ level: "error", environment: "local" }), metrics: createMetrics() };

/**
 * Runs a tool as the agent does, and returns its result.
 *
 * @param sources what of the customer's cloud is not the sample's.
 * @throws Error with the message that a customer reads, when the run fails.
 */
export async function runPlainTool(name: string, input: unknown, now: Date, sources: Partial<Sources> = {}) {
  const tool = PLAIN_TOOLS.find((each) => each.name === name)!;
  const context = {
    customer: { customerId: "cust_one", tier: "tier_2", gcpProject: "shop-prod", disabled: false },
    sources: { ...sampleSources(() => now)("shop-prod"), ...sources },
    ledger: new MemoryLedger(),
    now: () => now,
    signal: new AbortController().signal,
  };
  const result = await runTool(tool, input, context, telemetry);
  if (result.outcome !== "ok") throw new Error(result.message);
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test reads the one tool's own shape
  return result.output as any;
}
