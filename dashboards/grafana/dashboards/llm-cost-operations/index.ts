import { dashboard } from "../../lib/dashboard";
import { customers } from "./customers";
import { enforcement } from "./enforcement";
import { models } from "./models";
import { sessions } from "./sessions";
import { spendRate } from "./spend-rate";

/**
 * For operations: where the money goes, who is close to a cap, and whether the caps hold.
 *
 * @param langfuse Address of the Langfuse project's pages, without a slash at the end.
 */
export const llmCostOperations = (langfuse: string) =>
  dashboard({
    uid: "llm-cost-operations",
    title: "LLM Cost Operations",
    description: "Spend rate, customers and sessions, models, cache, and what the guard enforced.",
    from: "now-24h",
    refresh: "1m",
    rows: [spendRate, customers, models, sessions(langfuse), enforcement],
  });
