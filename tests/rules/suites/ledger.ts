import { rareEventCases } from "../support/rare-events";
import { counter, type Expected, type Suite } from "../support/suite";

const refused = (reason: string, instance = "one") =>
  `tollgate_guard_decisions_total{decision="refused",reason="${reason}",instance="${instance}"}`;
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

const bucket = (le: string, instance: string, values: string) => ({
  [`tollgate_guard_reserve_seconds_bucket{le="${le}",instance="${instance}"}`]: values,
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
      onset: "3m",
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
    ...rareEventCases({
      alert: "GatewayFailsClosed",
      counter: (instance) => refused("ledger_unavailable", instance),
      expected: (calls) =>
        gateway("critical", `${calls} calls were refused because the ledger did not answer the gateway`),
      least: 3,
      holds: 2,
    }),
    {
      alert: "GatewayFailsClosed",
      shows: "is quiet for fewer",
      series: { [refused("ledger_unavailable")]: "_x5 2.8x60" },
      quietAt: ["8m", "15m"],
    },
    {
      alert: "GatewayFailsClosed",
      shows: "is quiet for refusals that a budget makes",
      series: { [refused("session_budget")]: counter([60, 5]) },
      quietAt: ["8m", "15m"],
    },
    {
      alert: "LedgerWritesFailing",
      shows: "fires at three calls that could not be settled in ten minutes",
      series: {
        [ledgerErrors("settle")]: "0x9 2x20",
        [ledgerErrors("settle", "two")]: "0x9 1x20",
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
      shows: "adds the gateways up, for 15 minutes",
      series: {
        [`tollgate_guard_holds_expired_total{instance="one"}`]: "0x5 1x60",
        [`tollgate_guard_holds_expired_total{instance="two"}`]: "0x5 2x60",
      },
      onset: "6m",
      alerts: [
        {
          ...gateway("warning", "Holds expire without their call being settled", "llm-cost-operations"),
          values: ["3"],
        },
      ],
      also: ["19m"],
      ends: "23m",
    },
    {
      alert: "HoldsExpiring",
      shows: "fires at a single one",
      series: { tollgate_guard_holds_expired_total: "0x5 1x60" },
      onset: "6m",
      alerts: [
        {
          ...gateway("warning", "Holds expire without their call being settled", "llm-cost-operations"),
          values: ["1"],
        },
      ],
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
      shows: "is quiet at exactly twice the lease, also when two exporters say so",
      series: {
        [`tollgate_ledger_oldest_hold_seconds{instance="one"}`]: "600x30",
        [`tollgate_ledger_oldest_hold_seconds{instance="two"}`]: "600x30",
      },
      quietAt: "20m",
    },
    {
      alert: "HoldsStuck",
      shows: "holds while the exporter restarts, and takes the oldest",
      series: {
        [`tollgate_ledger_oldest_hold_seconds{instance="one"}`]: "700x3 stale",
        [`tollgate_ledger_oldest_hold_seconds{instance="two"}`]: "400x5 700x2 stale",
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
      shows: "is quiet at exactly 0.1 s",
      series: reservations(6000, 5940, 5400),
      quietAt: "30m",
    },
    {
      alert: "GuardSlow",
      shows: "adds the gateways up",
      series: {
        ...bucket("0.05", "one", counter([60, 450])),
        ...bucket("0.1", "one", counter([60, 500])),
        ...bucket("0.25", "one", counter([60, 500])),
        ...bucket("+Inf", "one", counter([60, 500])),
        ...bucket("0.05", "two", counter([60, 450])),
        ...bucket("0.1", "two", counter([20, 489.5], [40, 500])),
        ...bucket("0.25", "two", counter([60, 500])),
        ...bucket("+Inf", "two", counter([60, 500])),
        tollgate_guard_reserve_seconds_count: counter([60, 1000]),
      },
      onset: "11m",
      alerts: [slow],
      then: { "21m": [] },
    },
    {
      alert: "GuardSlow",
      shows: "needs twenty reservations, of all gateways",
      series: {
        ...bucket("0.05", "one", counter([60, 3])),
        ...bucket("0.1", "one", counter([60, 0.9895 * 4])),
        ...bucket("0.25", "one", counter([60, 4])),
        ...bucket("+Inf", "one", counter([60, 4])),
        [`tollgate_guard_reserve_seconds_count{instance="one"}`]: counter([60, 2]),
        [`tollgate_guard_reserve_seconds_count{instance="two"}`]: counter([60, 2]),
      },
      onset: "15m",
      alerts: [slow],
    },
    {
      alert: "GuardSlow",
      shows: "ends 5 minutes after the last slow one",
      series: {
        ...bucket("0.05", "one", counter([20, 0], [40, 1000])),
        ...bucket("0.1", "one", counter([20, 0], [40, 1000])),
        ...bucket("0.25", "one", counter([60, 1000])),
        ...bucket("+Inf", "one", counter([60, 1000])),
        tollgate_guard_reserve_seconds_count: counter([60, 1000]),
      },
      onset: "11m",
      alerts: [gateway("warning", "A reservation takes 0.248 s at p99")],
      then: { "24m": [gateway("warning", "A reservation takes 0.242 s at p99")] },
      ends: "26m",
    },
    { alert: "GuardSlow", shows: "is quiet with fewer", series: reservations(3.8, 3, 3), quietAt: "30m" },
    {
      alert: "CustomerBusy",
      shows: "fires at fifty refusals in ten minutes that go on for five, of all gateways",
      series: {
        [refused("customer_busy")]: counter([60, 3]),
        [refused("customer_busy", "two")]: counter([60, 2]),
      },
      onset: "15m",
      alerts: [
        gateway(
          "warning",
          "50 calls were refused because their customer has too many at once",
          "llm-cost-operations",
        ),
      ],
    },
    {
      alert: "CustomerBusy",
      shows: "is quiet for fewer, for a single burst, and for other refusals",
      series: {
        [refused("customer_busy")]: "0x5 49x60",
        [refused("session_calls")]: counter([60, 50]),
      },
      quietAt: ["8m", "15m", "25m"],
    },
  ],
};
