import { definitions, formatUsd, type NanoDollars, type ThresholdAction } from "../../litellm-config";
import { forecastOf, type Customer, type Ledger } from "../ledger/ledger";

const QUESTIONS: Record<string, string> = {
  simple_lookup: "Simple look-ups",
  cost_analysis: "Cost analyses",
  recommendation: "Recommendations",
  action: "Actions",
  embedding: "Search (embeddings)",
};

const MS_PER_DAY = 86_400_000;

/** A customer's view of its usage. Amounts are exact, in dollars and in nano-dollars; days are UTC. */
export type UsageSummary = Awaited<ReturnType<typeof summarise>>;

/** Reads a customer's usage of the budget month. @throws when the ledger cannot be asked. */
export async function summarise(customer: Customer, ledger: Ledger, now: Date) {
  const [usage, recent] = await Promise.all([
    ledger.usage(customer.customerId),
    ledger.recentSpend(customer.customerId),
  ]);
  const used = usage.spentNanos + usage.heldNanos;
  const forecast = forecastOf(usage, recent, now);
  const nanosOf = new Map(recent.days.map(({ day, nanos }) => [day, nanos]));
  const days: { day: string; spent: string; spent_nanos: NanoDollars }[] = [];
  for (let at = Date.parse(usage.month); at <= now.getTime(); at += MS_PER_DAY) {
    const day = new Date(at).toISOString().slice(0, 10);
    days.push({ day, ...money("spent", nanosOf.get(day) ?? 0) });
  }
  return {
    customer_id: customer.customerId,
    plan_tier: customer.tier,
    month: { from: usage.month, until: usage.monthEnd, time_zone: "UTC" },
    budget: {
      ...money("cap", usage.capNanos),
      ...money("spent", usage.spentNanos),
      ...money("held", usage.heldNanos),
      ...money("left", Math.max(0, usage.capNanos - used)),
      used_percent: Math.round((usage.spentNanos * 1_000) / usage.capNanos) / 10,
      calls: usage.calls,
    },
    forecast: forecast && {
      ...money("expected", forecast.expectedNanos),
      ...money("low", forecast.lowNanos),
      ...money("high", forecast.highNanos),
      runs_out_on: forecast.runsOutOn,
      based_on_days: forecast.basedOnDays,
    },
    by_day: days,
    by_question: recent.queryTypes.map(({ queryType, nanos, calls }) => ({
      query_type: queryType,
      title: QUESTIONS[queryType] ?? queryType,
      ...money("spent", nanos),
      calls,
    })),
    limits: definitions.thresholds.flatMap(({ percent, action }) => {
      const what = CONSEQUENCES[action]?.(usage.monthEnd);
      return what === undefined ? [] : [{ percent, what }];
    }),
  };
}

/** What a customer notices at a threshold. */
const CONSEQUENCES: Partial<Record<ThresholdAction, (monthEnd: string) => string>> = {
  degrade: () => "Answers come from a faster, less expensive model. Everything goes on working.",
  block: (monthEnd) =>
    `The assistant takes no more questions until ${monthEnd} (UTC). The tools that need no language model, such as get-spend, go on working.`,
};

function money<Name extends string>(name: Name, nanos: NanoDollars) {
  return { [name]: formatUsd(nanos), [`${name}_nanos`]: nanos } as Record<Name, string> &
    Record<`${Name}_nanos`, NanoDollars>;
}
