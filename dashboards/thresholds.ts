import { definitions, toDollars, type ThresholdAction } from "../litellm-config";

/** The share (0-1) of a customer's monthly budget at which an action starts, from the definitions. */
export function budgetShare(action: ThresholdAction): number {
  return definitions.thresholds.find((threshold) => threshold.action === action)!.percent / 100;
}

/**
 * When operations are notified, in one place. Shares are 0-1, times are Prometheus durations, money is in dollars because
 * these numbers are compared with rates, never added to a ledger. Budgets and session limits come from the definitions.
 *
 * A floor keeps a ratio quiet while there is too little behind it: one failure of two calls is not an incident.
 */
export const thresholds = {
  costSpike: {
    /** Times the rolling average. */
    factor: 3,
    window: "10m",
    average: "1d",
    /** History without which an average says nothing. */
    history: "6h",
    /** $/hour below which a spike costs less than the engineer who looks at it. */
    floorUsdPerHour: 2,
    /** $/hour that pages while there is no average yet: a full session every minute. */
    ceilingUsdPerHour: toDollars(definitions.session.budget) * 60,
    for: "5m",
  },
  latency: { quantile: 0.95, seconds: 10, window: "5m", minQueries: 10, for: "5m" },
  errors: { share: 0.05, window: "5m", minErrors: 5, for: "3m" },
  provider: { share: 0.5, window: "2m", minErrors: 3, for: "2m" },
  fallback: { window: "5m", minErrors: 3, for: "1m" },
  /** Minutes over which the ways in which attempts end are counted. */
  endings: { window: "10m" },
  refusing: { share: 0.5, min: 3, for: "5m" },
  throttling: { share: 0.2, min: 5, for: "10m" },
  cut: { share: 0.1, min: 3, for: "5m" },
  fallbackRate: { share: 0.1, min: 5, for: "10m" },
  coldStarts: { share: 0.5, window: "10m", minRequests: 20, for: "5m" },
  postgres: { share: 0.8, for: "5m" },
  clickhouse: { share: 0.8, for: "10m" },
  redis: { share: 0.8, for: "10m" },
  langfuseQueue: { jobs: 1_000, for: "15m", failed: 50, failedWindow: "1h" },
  /** Agreement of LiteLLM's and the ledger's count of the same calls. */
  reconcile: { share: 0.02, floorUsd: 0.1, window: "1h", for: "15m" },
  /** A forecast changes with each call: only one that stays is reported. */
  forecast: { for: "1h" },
  degradation: { for: "2m" },
  overspend: { tolerance: 0.01, for: "2m" },
  guard: { reserveSeconds: 0.1, quantile: 0.99, window: "5m", minCalls: 20, for: "10m" },
  /** Longer than Cloud SQL's failover takes, which is about a minute. */
  ledger: { downFor: "2m", failClosed: 3, settleErrors: 3, window: "10m" },
  /** Seconds: twice the lease, after which the sweep should have charged a hold. */
  holds: { stuckSeconds: definitions.gateway.holdLease * 2, for: "5m", window: "15m" },
  /** Refusals because a customer has too many calls at once: a burst now and then needs no attention. */
  busy: { refusals: 50, window: "10m", for: "5m" },
  rareEvents: { window: "15m", memory: "1h" },
  targets: { downFor: "3m", missingFor: "10m" },
  pipeline: { window: "10m", for: "5m" },
  slo: {
    /** Share of tool calls that must not end in an error, over 30 days. */
    objective: 0.995,
    minErrors: 10,
    /** The multi-window, multi-burn-rate table of Google's SRE workbook, chapter 5. */
    burns: [
      { factor: 14.4, long: "1h", short: "5m", for: "2m", severity: "critical" },
      { factor: 6, long: "6h", short: "30m", for: "15m", severity: "critical" },
      { factor: 3, long: "1d", short: "2h", for: "1h", severity: "warning" },
      { factor: 1, long: "3d", short: "6h", for: "3h", severity: "warning" },
    ],
  },
} as const;
