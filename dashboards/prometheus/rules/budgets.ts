import { definitions, formatUsd } from "../../../litellm-config";
import { LANGFUSE_PROJECT } from "../../links";
import { budgetShare, thresholds } from "../../thresholds";
import { held } from "./promql";
import type { Alert } from "./rule";

const used = `max by (customer_id, tier) (${held("tollgate_customer_budget_used_ratio")})`;
const blocked = `max by (customer_id, tier) (${held("tollgate_customer_blocked")})`;
const degraded = `max by (customer_id, tier) (${held("tollgate_customer_degraded")})`;
const session = "tollgate_session_spent_nanodollars";

export const budgetAlerts: Alert[] = [
  {
    name: "CustomerBudget80",
    severity: "warning",
    service: "gateway",
    team: "finops",
    expr: `${used} > ${budgetShare("notify")}`,
    summary: "{{ $labels.customer_id }} has used {{ $value | humanizePercentage }} of the month's LLM budget",
    description: `The customer is on {{ $labels.tier }}. From ${budgetShare("degrade") * 100} % on, calls go to a cheaper
      model; at ${budgetShare("block") * 100} % they are refused until the month ends. Decide whether to raise the tier.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "CustomerBudget100",
    severity: "info",
    service: "gateway",
    team: "finops",
    // What is left can be too little for any call before the last cent is spent: the guard blocks, and that counts.
    expr: `${used} >= ${budgetShare("block")} or (${used} and ${blocked} == 1)`,
    summary: "{{ $labels.customer_id }} has hit the hard cap of the month's LLM budget",
    description: `{{ $value | humanizePercentage }} of the budget of {{ $labels.tier }} is used. Verify that the
      degradation was active from ${budgetShare("degrade") * 100} % on and that calls are now refused with month_budget.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "DegradationInactive",
    severity: "warning",
    service: "gateway",
    team: "finops",
    expr: `${used} >= ${budgetShare("degrade")} unless ${degraded} == 1`,
    for: thresholds.degradation.for,
    summary:
      "{{ $labels.customer_id }} is at {{ $value | humanizePercentage }} of the budget and not degraded",
    description: `From ${budgetShare("degrade") * 100} % on, calls of {{ $labels.tier }} go to the route of its
      degradation. Calls since then went to the expensive model: the gateway runs with other definitions.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "CustomerOverspent",
    severity: "critical",
    service: "gateway",
    team: "finops",
    expr: `${used} > ${1 + thresholds.overspend.tolerance}`,
    for: thresholds.overspend.for,
    summary: "{{ $labels.customer_id }} has spent {{ $value | humanizePercentage }} of the cap",
    description: `No call may spend what was not reserved. Enforcement leaks for this customer of {{ $labels.tier }}:
      stop the customer's calls and look for the calls that cost more than their hold.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "RunawaySession",
    severity: "warning",
    service: "agent",
    team: "platform",
    // The trace changes with every call; as a label of the alert it would make a new alert each time.
    expr: `max by (customer_id, session_id) (${held(session)}) > ${definitions.session.runawayAt}`,
    summary: `A session of {{ $labels.customer_id }} has cost over ${formatUsd(definitions.session.runawayAt)}`,
    description: `Session {{ $labels.session_id }} is on its way to its cap of ${formatUsd(definitions.session.budget)}.
      Inspect its trace in Langfuse: recursion of tools, a context that grows, or a long but honest question.`,
    dashboard: "llm-cost-operations",
    annotations: ({ langfuse }) => ({
      langfuse_session_url: `${langfuse}/project/${LANGFUSE_PROJECT}/sessions/{{ $labels.session_id }}`,
      langfuse_trace_url: `{{ with printf "${session}{customer_id='%s',session_id='%s'}" $labels.customer_id $labels.session_id | query }}${langfuse}/project/${LANGFUSE_PROJECT}/traces/{{ . | first | label "trace_id" }}{{ end }}`,
    }),
  },
];
