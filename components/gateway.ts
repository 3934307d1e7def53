import * as pulumi from "@pulumi/pulumi";
import { RunService, type RunServiceArgs } from "./run/service";

/** What a plan pays for and may spend, in words: policies and previews read it. */
export interface TierBudget {
  /** Such as "$99.00 a month". */
  price: string;
  /** Such as "$18.00 a month". */
  monthlyBudget: string;
  /** The budget as a share of the price, percent. */
  share: number;
  /** The same two amounts in integer nano-dollars, for programs. */
  priceNanos: number;
  monthlyBudgetNanos: number;
}

export interface SessionLimits {
  /** Such as "$0.50". */
  budget: string;
  budgetNanos: number;
  tokensPerMinute: number;
  calls: number;
}

export interface GatewayArgs {
  /** By tier. They arrive in the gateway as `guard.json`; here they say in a preview what changes. */
  budgets: Record<string, TierBudget>;
  session: SessionLimits;
  /** Thresholds of a month's budget, percent by action. */
  thresholds: Record<string, number>;
  service: Omit<RunServiceArgs, "annotations">;
}

/**
 * The LiteLLM proxy with the guard, the only way to a model.
 *
 * @example
 * ```ts
 * import { Gateway } from "./components/gateway";
 * declare const service: import("./components/run/service").RunServiceArgs;
 * const gateway = new Gateway("gateway", {
 *   budgets: {
 *     tier_1: {
 *       price: "$49.00 a month",
 *       monthlyBudget: "$8.00 a month",
 *       share: 16,
 *       priceNanos: 49_000_000_000,
 *       monthlyBudgetNanos: 8_000_000_000,
 *     },
 *   },
 *   session: { budget: "$0.50", budgetNanos: 500_000_000, tokensPerMinute: 50_000, calls: 60 },
 *   thresholds: { notify: 80, degrade: 95, block: 100 },
 *   service,
 * });
 * export const address = gateway.uri;
 * ```
 */
export class Gateway extends pulumi.ComponentResource {
  readonly uri: pulumi.Output<string>;

  constructor(name: string, args: GatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    const { budgets, session, thresholds } = args;
    super("tollgate:gcp:Gateway", name, { budgets, session, thresholds }, opts);

    const service = new RunService(
      name,
      { ...args.service, annotations: budgetsInWords(budgets, session) },
      { parent: this },
    );
    this.uri = service.uri;
    this.registerOutputs({ uri: this.uri });
  }
}

/** Annotations of the revision: `pulumi preview --diff` shows the budget that changes, in words. */
export function budgetsInWords(
  budgets: Record<string, TierBudget>,
  session: SessionLimits,
): Record<string, string> {
  const tiers = Object.entries(budgets).map(([tier, { price, monthlyBudget, share }]) => [
    `tollgate.dev/${tier.replaceAll("_", "-")}-budget`,
    `${tier} monthly budget ${monthlyBudget} of ${price} (${share} %)`,
  ]);
  return Object.fromEntries([
    ...tiers,
    [
      "tollgate.dev/session-limits",
      `${session.budget}, ${session.tokensPerMinute} tokens a minute, ${session.calls} calls`,
    ],
  ]);
}
