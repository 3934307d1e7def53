import { definitions, NANOS_PER_DOLLAR } from "../../../litellm-config";
import { thresholds } from "../../thresholds";
import { held, rareEvents } from "./promql";
import { records } from "./recording";
import type { Alert } from "./rule";

const { costSpike, reconcile, rareEvents: rare } = thresholds;
const { fleet } = definitions;
const { spendRate, spendAverage, spendDifference, ledgerSpend } = records;

export const spendAlerts: Alert[] = [
  {
    name: "CostSpike",
    severity: "critical",
    service: "gateway",
    team: "finops",
    expr: `
      (${spendRate} > ${costSpike.factor} * ${spendAverage} and ${spendRate} > ${costSpike.floorUsdPerHour})
      or (${spendRate} > ${costSpike.ceilingUsdPerHour} unless ${spendAverage})`,
    for: costSpike.for,
    summary: `LLM spend runs at \${{ printf "%.2f" $value }} an hour`,
    description: `That is over ${costSpike.factor} times the rolling average of ${costSpike.average}
      (or, while there is none, over $${costSpike.ceilingUsdPerHour} an hour). Find the model, the customer and the
      session that spend; budgets still hold, so the loss is bounded.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "FleetNearLimit",
    severity: "warning",
    service: "gateway",
    team: "finops",
    expr: `
      max by (period) (${held("tollgate_fleet_used_nanodollars")})
      / max by (period) (${held("tollgate_fleet_limit_nanodollars")}) >= ${fleet.degradeAtPercent / 100}`,
    summary:
      "All customers together have used {{ $value | humanizePercentage }} of the {{ $labels.period }}'s limit",
    description: `Calls go to the cheaper routes from ${fleet.degradeAtPercent} % of an hour's limit on, and at 100 % of either every customer's are
      refused until the {{ $labels.period }} (UTC) ends. Find out whether it is growth or abuse before that.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "FleetLimitReached",
    severity: "critical",
    service: "gateway",
    team: "finops",
    expr: `${rareEvents(`tollgate_guard_decisions_total{decision="refused",reason=~"fleet_day|fleet_rate"}`, ["reason"])} > 0`,
    summary: "Calls are refused because all customers together have used up a limit",
    description: `{{ printf "%.0f" $value }} calls of the last ${rare.window} were refused with {{ $labels.reason }}: the day's limit (fleet_day) holds
      until midnight UTC, the hour's (fleet_rate) until the next full hour.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "SpendMismatch",
    severity: "warning",
    service: "gateway",
    team: "finops",
    expr: `
      ${spendDifference} > ${Math.round(reconcile.floorUsd * NANOS_PER_DOLLAR)}
      and ${spendDifference} / (${ledgerSpend} or ${spendDifference}) > ${reconcile.share}`,
    for: reconcile.for,
    summary: "LiteLLM and the ledger count {{ $labels.model }} differently",
    description: `For the same calls of the last ${reconcile.window} they differ by {{ printf "%.0f" $value }}
      nano-dollars, over ${reconcile.share * 100} % of what the ledger charged. A price of the definitions is wrong or
      calls end unseen.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "UnpricedModelRefused",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `${rareEvents(`tollgate_guard_decisions_total{reason="unpriced_model"}`, ["route"])} > 0`,
    summary: "A call was refused because its model has no price",
    description: `"{{ $labels.route }}" was asked for {{ printf "%.0f" $value }} times in the last ${rare.window} and
      is not in the definitions. Add its price, or correct the client.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "OverHold",
    severity: "warning",
    service: "gateway",
    team: "finops",
    expr: `${rareEvents("tollgate_guard_over_hold_total", ["model"])} > 0`,
    summary: "A call to {{ $labels.model }} cost more than was held for it",
    description: `The hold must be an upper bound of the cost. {{ printf "%.0f" $value }} calls of the last
      ${rare.window} broke it: the price or the prompt bound of this model is too low.`,
    dashboard: "llm-cost-operations",
  },
];
