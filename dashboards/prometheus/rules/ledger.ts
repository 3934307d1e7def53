import { thresholds } from "../../thresholds";
import { growth, held, rareEvents } from "./promql";
import type { Alert } from "./rule";

const { busy, ledger, holds, guard, rareEvents: rare } = thresholds;

export const ledgerAlerts: Alert[] = [
  {
    name: "LedgerUnreachable",
    severity: "critical",
    service: "postgres",
    team: "platform",
    expr: "max(tollgate_ledger_up) == 0",
    for: ledger.downFor,
    summary: "The budget ledger does not answer",
    description: `The exporter cannot read the ledger in Postgres. The gateway fails closed: while this lasts, every call
      is refused with 503 and nothing is spent.`,
    dashboard: "infrastructure",
  },
  {
    name: "GatewayFailsClosed",
    severity: "critical",
    service: "gateway",
    team: "platform",
    expr: `${rareEvents(`tollgate_guard_decisions_total{reason="ledger_unavailable"}`)} >= ${ledger.failClosed}`,
    for: ledger.downFor,
    summary: `{{ printf "%.0f" $value }} calls were refused because the ledger did not answer the gateway`,
    description: `In the last ${rare.window}. The gateway refuses what it cannot reserve. Look at Postgres, its
      connections and the network between them.`,
    dashboard: "infrastructure",
  },
  {
    name: "LedgerWritesFailing",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `${growth(`tollgate_guard_ledger_errors_total{operation=~"settle|sweep"}`, ledger.window, ["operation"])} >= ${ledger.settleErrors}`,
    summary: "The guard cannot {{ $labels.operation }} in the ledger",
    description: `{{ printf "%.0f" $value }} times in ${ledger.window}. Calls that are not settled are charged their whole
      hold when its lease ends: customers pay too much, never too little.`,
    dashboard: "infrastructure",
  },
  {
    name: "HoldsExpiring",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `${growth("tollgate_guard_holds_expired_total", holds.window)} > 0`,
    summary: "Holds expire without their call being settled",
    description: `{{ printf "%.0f" $value }} in the last ${holds.window}. A gateway died, or lost the ledger, in the middle
      of calls. Each expired hold is charged in full: correct the customers' months if it was ours.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "HoldsStuck",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `max(${held("tollgate_ledger_oldest_hold_seconds")}) > ${holds.stuckSeconds}`,
    for: holds.for,
    summary: "A hold is {{ $value | humanizeDuration }} old",
    description: `The sweep should have charged it at the end of its lease. No gateway sweeps: money of a customer stays
      locked.`,
    dashboard: "llm-cost-operations",
  },
  {
    name: "GuardSlow",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `
      histogram_quantile(${guard.quantile}, sum by (le) (rate(tollgate_guard_reserve_seconds_bucket[${guard.window}]))) > ${guard.reserveSeconds}
      and ${growth("tollgate_guard_reserve_seconds_count", guard.window)} >= ${guard.minCalls}`,
    for: guard.for,
    summary: `A reservation takes {{ printf "%.3f" $value }} s at p99`,
    description: `Every LLM call waits for it. Look at Postgres: slow disk, lock waits on one customer's month, or too few
      connections.`,
    dashboard: "infrastructure",
  },
  {
    name: "CustomerBusy",
    severity: "warning",
    service: "gateway",
    team: "platform",
    expr: `${growth(`tollgate_guard_decisions_total{reason="customer_busy"}`, busy.window)} >= ${busy.refusals}`,
    for: busy.for,
    summary: `{{ printf "%.0f" $value }} calls were refused because their customer has too many at once`,
    description: `In ${busy.window}, and it goes on. One customer's agent runs wild, or is allowed too few calls at once.
      Other customers are not affected.`,
    dashboard: "llm-cost-operations",
  },
];
