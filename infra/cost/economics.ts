import type { NanoDollars } from "../../litellm-config/money";
import type { GuardConfig } from "../../litellm-config/render/guard";
import { CASES, type Case } from "./range";
import type { BilledResource } from "./rates";
import type { Usage } from "./usage";
import type { Amount } from "./estimate";

/** What one customer of a tier brings and costs at most, nano-dollars a month. */
export interface TierEconomics {
  tier: string;
  price: NanoDollars;
  /** The LLM budget: the guard ensures that no customer costs more. */
  llmCap: NanoDollars;
  /** Price less LLM cost at cap. */
  contribution: NanoDollars;
  /** Customers of this tier alone that pay for the infrastructure. */
  breakEven: number;
  customers: Record<Case, number>;
}

/** A case: its customers against the infrastructure's cost in the same case. */
export interface CaseEconomics {
  customers: number;
  revenue: NanoDollars;
  llmAtCap: NanoDollars;
  infrastructure: NanoDollars;
  margin: NanoDollars;
  infrastructurePerCustomer: NanoDollars;
}

export interface Economics {
  tiers: TierEconomics[];
  cases: Record<Case, CaseEconomics>;
  /** Customers, in the expected mix of tiers, that pay for the expected infrastructure. */
  breakEven: number;
  /** What one more customer adds to this environment's infrastructure: its cost from the expected to the high case, by customer. */
  marginalCustomer: NanoDollars;
}

interface Tier {
  price: NanoDollars;
  llmCap: NanoDollars;
}

/** Prices and budgets as a stack deploys them: what the guard reads. Empty where a stack deploys no guard. */
export function deployedTiers(resources: BilledResource[]): Record<string, Tier> {
  const file = resources.find(
    ({ type, inputs }) =>
      type === "gcp:storage/bucketObject:BucketObject" && /gateway\/.*guard\.json$/.test(inputs.name ?? ""),
  );
  if (!file) return {};
  const { tiers } = JSON.parse(file.inputs.content) as GuardConfig;
  return Object.fromEntries(
    Object.entries(tiers).map(([tier, { price_nanos, budget_nanos }]) => [
      tier,
      { price: price_nanos, llmCap: budget_nanos },
    ]),
  );
}

/**
 * Revenue, LLM cost with every customer at the cap, infrastructure and margin. Payment fees, support and taxes are not in it.
 * Undefined without customers.
 *
 * @param infrastructure Of every environment.
 * @param own Of the environment that serves the customers.
 * @throws RangeError when a tier's budget is not below its price: no number of customers would pay for anything.
 */
export function economics(
  tiers: Record<string, Tier>,
  customers: Usage["customers"],
  infrastructure: Amount,
  own: Amount = infrastructure,
): Economics | null {
  const rows = Object.entries(tiers).map(([tier, { price, llmCap }]): TierEconomics => {
    const contribution = price - llmCap;
    if (contribution <= 0) {
      throw new RangeError(
        `${tier}: the LLM budget is not below the price. Correct litellm-config/definitions/tiers.ts`,
      );
    }
    const counts = customers[tier] ?? { low: 0, expected: 0, high: 0 };
    const breakEven = Math.ceil(infrastructure.expected / contribution);
    return { tier, price, llmCap, contribution, breakEven, customers: counts };
  });
  const total = (name: Case, of: (row: TierEconomics) => number) =>
    rows.reduce((sum, row) => sum + of(row) * row.customers[name], 0);
  const expectedCustomers = total("expected", () => 1);
  if (expectedCustomers === 0) return null;

  const inCase = (name: Case): CaseEconomics => {
    const count = total(name, () => 1);
    const revenue = total(name, ({ price }) => price);
    const llmAtCap = total(name, ({ llmCap }) => llmCap);
    return {
      customers: count,
      revenue,
      llmAtCap,
      infrastructure: infrastructure[name],
      margin: revenue - llmAtCap - infrastructure[name],
      infrastructurePerCustomer: count === 0 ? 0 : Math.round(infrastructure[name] / count),
    };
  };
  const contribution = total("expected", (row) => row.contribution);
  const more = total("high", () => 1) - expectedCustomers;
  return {
    marginalCustomer: more > 0 ? Math.round((own.high - own.expected) / more) : 0,
    tiers: rows,
    cases: Object.fromEntries(CASES.map((name) => [name, inCase(name)])) as Record<Case, CaseEconomics>,
    breakEven: Math.ceil((infrastructure.expected * expectedCustomers) / contribution),
  };
}
