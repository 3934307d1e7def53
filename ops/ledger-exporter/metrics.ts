import { Gauge, Registry } from "prom-client";
import { definitions } from "../../litellm-config";
import type { Outlook } from "../ledger/outlook";
import type { LedgerSnapshot } from "./snapshot";

type Row<Key extends keyof LedgerSnapshot> = LedgerSnapshot[Key] extends (infer Each)[] ? Each : never;

interface Metric {
  name: string;
  help: string;
  labels: string[];
  samples: (snapshot: LedgerSnapshot) => { labels: object; value: number | string | boolean }[];
}

const single = (
  name: string,
  help: string,
  value: (snapshot: LedgerSnapshot) => number | string,
): Metric => ({
  name,
  help,
  labels: [],
  samples: (snapshot) => [{ labels: {}, value: value(snapshot) }],
});

const perCustomer = (
  name: string,
  help: string,
  value: (customer: Row<"customers">) => number | string | boolean,
): Metric => ({
  name,
  help: `${help}, of customers over half of their budget only`,
  labels: ["customer_id", "tier"],
  samples: ({ customers }) =>
    customers.map((customer) => ({
      labels: { customer_id: customer.customer_id, tier: customer.tier },
      value: value(customer),
    })),
});

const perTier = (name: string, help: string, value: (tier: Row<"tiers">) => string): Metric => ({
  name,
  help,
  labels: ["tier"],
  samples: ({ tiers }) => tiers.map((tier) => ({ labels: { tier: tier.tier }, value: value(tier) })),
});

const perPeriod = (
  name: string,
  help: string,
  value: (snapshot: LedgerSnapshot) => Record<"day" | "hour", number | string>,
): Metric => ({
  name,
  help,
  labels: ["period"],
  samples: (snapshot) =>
    Object.entries(value(snapshot)).map(([period, value]) => ({ labels: { period }, value })),
});

/** What the exporter publishes besides `tollgate_ledger_up`, as docs/interfaces.md names it. */
const METRICS: Metric[] = [
  perCustomer(
    "tollgate_customer_budget_used_ratio",
    "Spent share of the budget of the customer's month",
    ({ spent_nanos, cap_nanos }) => Number(spent_nanos) / Number(cap_nanos),
  ),
  perCustomer(
    "tollgate_customer_spent_nanodollars",
    "Spent in the customer's budget month",
    (each) => each.spent_nanos,
  ),
  perCustomer("tollgate_customer_degraded", "1 while calls go to the cheaper model", (each) => each.degraded),
  perCustomer("tollgate_customer_blocked", "1 while calls are refused", (each) => each.blocked),
  {
    name: "tollgate_session_spent_nanodollars",
    help: "Spent by runaway sessions of the last hour",
    labels: ["customer_id", "session_id", "trace_id"],
    samples: ({ runawaySessions }) =>
      runawaySessions.map(({ spent_nanos, ...labels }) => ({ labels, value: spent_nanos })),
  },
  perTier("tollgate_tier_customers", "Customers of the tier", (tier) => tier.customers),
  perTier(
    "tollgate_tier_spent_nanodollars",
    "LLM spend of its customers' running budget months",
    (tier) => tier.spent_nanos,
  ),
  perTier("tollgate_tier_price_nanodollars", "Price a customer and month", (tier) => tier.price_nanos),
  perTier("tollgate_tier_budget_nanodollars", "LLM budget a customer and month", (tier) => tier.budget_nanos),
  perPeriod(
    "tollgate_fleet_used_nanodollars",
    "Cost of all customers' calls of this day and hour (UTC), with what calls in flight hold",
    ({ fleet }) => fleet,
  ),
  perPeriod("tollgate_fleet_limit_nanodollars", "What all customers' calls may cost", () => ({
    day: definitions.fleet.dailyBudget,
    hour: definitions.fleet.hourlyBudget,
  })),
  single(
    "tollgate_sessions_active",
    "Sessions with a call in the last 15 minutes",
    ({ activity }) => activity.sessions,
  ),
  single(
    "tollgate_customers_active",
    "Customers with a call in the last 15 minutes",
    ({ activity }) => activity.customers,
  ),
  single("tollgate_ledger_holds_pending", "Calls that hold money", ({ holds }) => holds.pending),
  single("tollgate_ledger_held_nanodollars", "Money that calls hold", ({ holds }) => holds.held_nanos),
  single(
    "tollgate_ledger_oldest_hold_seconds",
    "Age of the oldest hold, 0 without one",
    ({ holds }) => holds.oldest_seconds,
  ),
  {
    name: "pg_stat_database_numbackends",
    help: "Connections to the database",
    labels: ["datname"],
    samples: ({ server }) =>
      server.databases.map(({ datname, numbackends }) => ({ labels: { datname }, value: numbackends })),
  },
  single("pg_settings_max_connections", "Connections that the server takes", ({ server }) => server.max),
];

const BOUNDS = [
  ["expected", "expectedNanos"],
  ["low", "lowNanos"],
  ["high", "highNanos"],
] as const;

/** A forecast of fewer days than this is not shown: it would change its mind each morning. */
const LEAST_DAYS = 7;
/** Customers with a series each; those whose budget runs out first. */
const MOST_CUSTOMERS = 1_000;

/** What the running budget months are expected to cost; absent while it is not known. */
export function outlookMetrics({ customers, totals }: Outlook): Registry {
  const registry = new Registry();
  const runsOut = gauge(
    registry,
    "tollgate_customer_runs_out_timestamp_seconds",
    "The day on which the budget is expected to be used up, of customers whose is before their budget month ends",
    ["customer_id", "tier"],
  );
  customers
    .flatMap(({ customerId, tier, spentNanos, capNanos, forecast }) =>
      forecast?.runsOutOn && forecast.basedOnDays >= LEAST_DAYS && spentNanos < capNanos
        ? [{ customer_id: customerId, tier, at: Date.parse(forecast.runsOutOn) / 1_000 }]
        : [],
    )
    .sort((one, other) => one.at - other.at)
    .slice(0, MOST_CUSTOMERS)
    .forEach(({ at, ...labels }) => runsOut.set(labels, at));
  const tiers = gauge(
    registry,
    "tollgate_tier_forecast_nanodollars",
    "Expected LLM spend of the running budget months",
    ["tier", "bound"],
  );
  const fleet = gauge(
    registry,
    "tollgate_fleet_forecast_nanodollars",
    "Expected LLM spend of the running budget months",
    ["bound"],
  );
  for (const { name, forecast } of totals) {
    if (!forecast) continue;
    for (const [bound, field] of BOUNDS) {
      if (name === "all") fleet.set({ bound }, forecast[field]);
      else tiers.set({ tier: name, bound }, forecast[field]);
    }
  }
  return registry;
}

/**
 * A registry of one snapshot. It is made anew each time, so that a customer who fell below the line, or everything while the
 * ledger is away (`undefined`), is absent rather than stale.
 */
export function ledgerMetrics(snapshot: LedgerSnapshot | undefined): Registry {
  const registry = new Registry();
  gauge(registry, "tollgate_ledger_up", "1 while the ledger answers the exporter").set(snapshot ? 1 : 0);
  if (!snapshot) return registry;
  for (const { name, help, labels, samples } of METRICS) {
    const target = gauge(registry, name, help, labels);
    for (const { labels: of, value } of samples(snapshot)) target.set({ ...of }, Number(value));
  }
  return registry;
}

function gauge(registry: Registry, name: string, help: string, labelNames: string[] = []): Gauge {
  return new Gauge({ name, help, labelNames, registers: [registry] });
}
