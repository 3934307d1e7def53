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

const DAYS = 30;

export const spendLimits = guardRule<{ maxSharePercent: number }>({
  name: "fleet-and-daily-budgets",
  description:
    "The fleet's daily budget reaches for what its customers may use, and is at most a share of their revenue; no customer may use a month's budget in a day.",
  severity: "critical",
  remedy: "Change dailyBudget or hourlyBudget in litellm-config/definitions/fleet.ts or tiers.ts",
  settings: { maxSharePercent: { type: "number", default: 50, minimum: 1, maximum: 100 } },
  check: ({ fleet, tiers, session }, { maxSharePercent }) => {
    const sum = (field: "budget_nanos" | "price_nanos") =>
      Object.entries(tiers).reduce((total, [name, tier]) => total + tier[field] * fleet.customers[name]!, 0);
    const month = fleet.daily_nanos * DAYS;
    const findings = [];
    // Each is written so that a value that is not a number is a finding.
    if (!(month >= sum("budget_nanos"))) {
      findings.push(
        `The fleet's daily budget ${shown(fleet.daily_nanos)} is below the ${shown(Math.ceil(sum("budget_nanos") / DAYS))} a day of its customers' budgets`,
      );
    }
    if (!(month * 100 <= sum("price_nanos") * maxSharePercent)) {
      findings.push(
        `The fleet's daily budget ${shown(fleet.daily_nanos)} is over ${maxSharePercent} % of its customers' revenue, ${shown(Math.floor(sum("price_nanos") / DAYS))} a day`,
      );
    }
    const limits = { "The fleet": fleet, ...tiers };
    for (const [name, { daily_nanos, hourly_nanos }] of Object.entries(limits)) {
      if (!(hourly_nanos <= daily_nanos && hourly_nanos >= session.budget_nanos)) {
        findings.push(
          `${name}'s hourly budget ${shown(hourly_nanos)} is not between a session's ${shown(session.budget_nanos)} and its daily budget ${shown(daily_nanos)}`,
        );
      }
    }
    for (const [name, { daily_nanos, budget_nanos }] of Object.entries(tiers)) {
      if (!(daily_nanos * DAYS >= budget_nanos && daily_nanos * 2 <= budget_nanos)) {
        findings.push(
          `${name}'s daily budget ${shown(daily_nanos)} is not between a thirtieth and half of its monthly budget ${shown(budget_nanos)}`,
        );
      }
    }
    if (!(fleet.degrade_at_percent < 100)) {
      findings.push(
        "Calls are refused before any goes to the cheaper route: fleet.degrade_at_percent is not below 100",
      );
    }
    return findings;
  },
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
