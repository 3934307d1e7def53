import { counter, type Expected, type Suite } from "../support/suite";

const refused = (reason: string, tier = "") =>
  `tollgate_guard_decisions_total{decision="refused",reason="${reason}",tier="${tier}"}`;
const ledgerErrors = (operation: string, instance = "one") =>
  `tollgate_guard_ledger_errors_total{operation="${operation}",instance="${instance}"}`;

/** Reservations a minute of which `fast` take at most 0.1 s, `faster` at most 0.05 s, all at most 0.25 s. */
const reservations = (all: number, fast: number, faster: number): Record<string, string> => ({
  [`tollgate_guard_reserve_seconds_bucket{le="0.05"}`]: counter([60, faster]),
  [`tollgate_guard_reserve_seconds_bucket{le="0.1"}`]: counter([60, fast]),
  [`tollgate_guard_reserve_seconds_bucket{le="0.25"}`]: counter([60, all]),
  [`tollgate_guard_reserve_seconds_bucket{le="+Inf"}`]: counter([60, all]),
  tollgate_guard_reserve_seconds_count: counter([60, all]),
});

const gateway = (
  severity: "critical" | "warning",
  summary: string,
  dashboard = "infrastructure",
): Expected => ({
  severity,
  service: "gateway",
  team: "platform",
  summary,
  dashboard,
});
const slow = gateway("warning", "A reservation takes 0.107 s at p99");
const settle: Expected = {
  ...gateway("warning", "The guard cannot settle in the ledger"),
  labels: { operation: "settle" },
  values: ["3"],
};

export const ledgerSuite: Suite = {
  group: "ledger",
  interval: 60,
  cases: [
    {
      alert: "LedgerUnreachable",
      shows: "fires after a minute without the ledger",
      series: {
        [`tollgate_ledger_up{instance="one"}`]: "1 0x10",
        [`tollgate_ledger_up{instance="two"}`]: "1 0x10",
      },
      onset: "2m",
      alerts: [
        {
          severity: "critical",
          service: "postgres",
          team: "platform",
          summary: "The budget ledger does not answer",
          dashboard: "infrastructure",
        },
      ],
    },
    {
      alert: "LedgerUnreachable",
      shows: "is quiet while one exporter reaches it",
      series: {
        [`tollgate_ledger_up{instance="one"}`]: "0x10",
        [`tollgate_ledger_up{instance="two"}`]: "1x10",
      },
      quietAt: "8m",
    },
    {
      alert: "GatewayFailsClosed",
      shows: "fires at three refusals, when the counters are born",
      series: {
        [refused("ledger_unavailable")]: "_x5 2x60",
        [refused("ledger_unavailable", "tier_1")]: "_x5 1x60",
      },
      onset: "6m",
      alerts: [
        {
          ...gateway("critical", "3 calls were refused because the ledger did not answer the gateway"),
        },
      ],
    },
    {
      alert: "GatewayFailsClosed",
      shows: "is quiet for two",
      series: { [refused("ledger_unavailable")]: "_x5 2x60" },
      quietAt: ["8m", "15m"],
    },
    {
      alert: "GatewayFailsClosed",
      shows: "is quiet for refusals that a budget makes",
      series: { [refused("session_budget")]: "_x5 30x60" },
      quietAt: ["8m", "15m"],
    },
    {
      alert: "LedgerWritesFailing",
      shows: "fires at three calls that could not be settled in ten minutes",
      series: {
        [ledgerErrors("settle")]: counter([30, 0.2]),
        [ledgerErrors("settle", "two")]: counter([30, 0.11]),
      },
      onset: "10m",
      alerts: [settle],
    },
    {
      alert: "LedgerWritesFailing",
      shows: "fires for the sweep",
      series: { [ledgerErrors("sweep")]: counter([30, 0.31]) },
      onset: "10m",
      alerts: [
        { ...settle, labels: { operation: "sweep" }, summary: "The guard cannot sweep in the ledger" },
      ],
    },
    {
      alert: "LedgerWritesFailing",
      shows: "is quiet for fewer, of one operation, and for reservations",
      series: {
        [ledgerErrors("settle")]: counter([30, 0.29]),
        [ledgerErrors("sweep")]: counter([30, 0.29]),
        [ledgerErrors("reserve")]: counter([30, 5]),
      },
      quietAt: "25m",
    },
    {
      alert: "HoldsExpiring",
      shows: "fires at one expired hold, for 15 minutes",
      series: { tollgate_guard_holds_expired_total: "0x5 1x60" },
      onset: "6m",
      alerts: [gateway("warning", "Holds expire without their call being settled", "llm-cost-operations")],
      also: ["19m"],
      ends: "23m",
    },
    {
      alert: "HoldsExpiring",
      shows: "is quiet while none expires, also over a gateway's restart",
      series: { tollgate_guard_holds_expired_total: "4x10 0x20" },
      quietAt: ["5m", "12m", "20m"],
    },
    {
      alert: "HoldsStuck",
      shows: "fires when a hold outlives its lease twice",
      series: { tollgate_ledger_oldest_hold_seconds: "600x5 601x10" },
      onset: "11m",
      alerts: [gateway("warning", "A hold is 10m 1s old", "llm-cost-operations")],
    },
    {
      alert: "HoldsStuck",
      shows: "is quiet at exactly twice the lease",
      series: { tollgate_ledger_oldest_hold_seconds: "600x30" },
      quietAt: "20m",
    },
    {
      alert: "HoldsStuck",
      shows: "holds while the exporter restarts",
      series: {
        [`tollgate_ledger_oldest_hold_seconds{instance="one"}`]: "700x3 stale",
        [`tollgate_ledger_oldest_hold_seconds{instance="two"}`]: "_x6 700x2 stale",
      },
      onset: "5m",
      alerts: [gateway("warning", "A hold is 11m 40s old", "llm-cost-operations")],
      also: ["11m"],
      ends: "16m",
    },
    {
      alert: "GuardSlow",
      shows: "fires when p99 is over 0.1 s for 10 minutes",
      series: reservations(1000, 989.5, 900),
      onset: "11m",
      alerts: [slow],
    },
    {
      alert: "GuardSlow",
      shows: "is quiet just below",
      series: reservations(1000, 991, 900),
      quietAt: "30m",
    },
    {
      alert: "GuardSlow",
      shows: "needs twenty reservations",
      series: reservations(4.2, 0.9895 * 4.2, 3),
      onset: "15m",
      alerts: [slow],
    },
    { alert: "GuardSlow", shows: "is quiet with fewer", series: reservations(3.8, 3, 3), quietAt: "30m" },
  ],
};
