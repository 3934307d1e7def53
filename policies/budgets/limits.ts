import { formatUsd, usd } from "../../litellm-config/money";
import { guardRule } from "./deployed";

export const budgetShare = guardRule<{ maxSharePercent: number }>({
  name: "budget-share-of-price",
  description: "A tier's monthly LLM budget is at most a fixed share of its price.",
  severity: "critical",
  remedy: "Lower the tier's monthlyBudget or raise its price in litellm-config/definitions/tiers.ts",
  settings: { maxSharePercent: { type: "number", default: 20, minimum: 1, maximum: 100 } },
  check: ({ tiers }, { maxSharePercent }) =>
    Object.keys(tiers).length === 0
      ? ["No tier has a budget"]
      : Object.entries(tiers)
          // Written so that a value that is not a number is a finding.
          .filter(
            ([, { budget_nanos, price_nanos }]) => !(budget_nanos * 100 <= price_nanos * maxSharePercent),
          )
          .map(
            ([tier, { budget_nanos, price_nanos }]) =>
              `${tier}'s budget ${shown(budget_nanos)} is over ${maxSharePercent} % of its price ${shown(price_nanos)}`,
          ),
});

export const sessionBudget = guardRule<{ maxDollars: string }>({
  name: "session-budget",
  description: "A conversation may cost at most $0.50, and less than the smallest monthly budget.",
  severity: "critical",
  remedy: "Lower session.budget in litellm-config/definitions/session.ts",
  settings: { maxDollars: { type: "string", default: "0.50" } },
  check: ({ session, tiers }, { maxDollars }) => {
    const smallest = Math.min(...Object.values(tiers).map(({ budget_nanos }) => budget_nanos));
    const findings = [];
    if (!(session.budget_nanos <= usd(maxDollars))) {
      findings.push(
        `The session budget ${shown(session.budget_nanos)} is over ${formatUsd(usd(maxDollars))}`,
      );
    }
    if (session.budget_nanos >= smallest) {
      findings.push(
        `The session budget ${formatUsd(session.budget_nanos)} is not below the smallest monthly budget ${formatUsd(smallest)}`,
      );
    }
    return findings;
  },
});

export const sessionRate = guardRule<{ maxTokensPerMinute: number; maxCalls: number }>({
  name: "session-rate",
  description: "A conversation may use at most 50,000 tokens a minute and 100 calls.",
  severity: "high",
  remedy: "Lower the limit in litellm-config/definitions/session.ts",
  settings: {
    maxTokensPerMinute: { type: "number", default: 50_000, minimum: 1 },
    maxCalls: { type: "number", default: 100, minimum: 1 },
  },
  check: ({ session }, { maxTokensPerMinute, maxCalls }) => {
    const findings = [];
    if (!(session.tokens_per_minute <= maxTokensPerMinute)) {
      findings.push(`${session.tokens_per_minute} tokens a minute are over ${maxTokensPerMinute}`);
    }
    if (!(session.calls <= maxCalls)) findings.push(`${session.calls} calls a session are over ${maxCalls}`);
    return findings;
  },
});

const REQUIRED_THRESHOLDS = "50 log, 80 notify, 95 degrade, 100 block";

export const thresholds = guardRule({
  name: "thresholds-complete",
  description: "Budgets act at 50 % (log), 80 % (notify), 95 % (degrade) and 100 % (block), in this order.",
  severity: "critical",
  remedy: `Write ${REQUIRED_THRESHOLDS} in litellm-config/definitions/thresholds.ts`,
  check: ({ thresholds }) => {
    const written = thresholds.map(({ percent, action }) => `${percent} ${action}`).join(", ");
    return written === REQUIRED_THRESHOLDS ? [] : [`The thresholds are ${written || "none"}`];
  },
});

function shown(nanos: number): string {
  return Number.isSafeInteger(nanos) ? formatUsd(nanos) : String(nanos);
}
