import type { PolicyResource } from "@pulumi/policy";
import { estimate, type Estimate } from "../../infra/cost/estimate";
import { dollars } from "../../infra/cost/money";
import { worstCase } from "../../infra/cost/worst-case";
import { UnpricedError, type BilledResource } from "../../infra/cost/rates";
import { usd, type NanoDollars } from "../../litellm-config/money";
import type { Rule } from "../rule";
import { stackSetting } from "../stack-settings";

/** A rule that an estimate of the stack stays under a ceiling, of the pack's config or of the stack's. */
function ceilingRule(
  rule: Omit<Rule, "checkStack" | "settings"> & {
    key: string;
    finding: (resources: BilledResource[], ceiling: NanoDollars) => string[];
  },
): Rule {
  const { key, finding, ...rest } = rule;
  return {
    ...rest,
    // Instead of the stack's own.
    settings: { maxDollars: { type: "number", exclusiveMinimum: 0 } },
    checkStack: (resources, { maxDollars }) => {
      if (resources.length === 0) return [];
      const ceiling = maxDollars === undefined ? stackSetting(`tollgate:${key}`) : String(maxDollars);
      if (ceiling === undefined) return [`tollgate:${key} is not set`];
      try {
        return finding(billed(resources), usd(ceiling));
      } catch (error) {
        if (!(error instanceof UnpricedError)) throw error;
        return [`The cost is not known: ${error.message.replace(/\.$/, "")}`];
      }
    },
  };
}

export const costCeiling = ceilingRule({
  name: "cost-ceiling",
  description: "The infrastructure's expected monthly cost is at most the stack's ceiling.",
  severity: "high",
  remedy:
    "See where it goes with `npm run cost -- --stack STACK`, then make it cheaper or raise tollgate:monthlyCostCeiling",
  enforcement: { dev: "advisory" },
  key: "monthlyCostCeiling",
  finding: (resources, ceiling) => {
    const { total } = estimate(resources);
    return total.expected <= ceiling
      ? []
      : [
          `The infrastructure is expected to cost ${dollars(total.expected)} a month (${dollars(total.low)} to ${dollars(total.high)}), over the ceiling of ${dollars(ceiling)}`,
        ];
  },
});

export const worstCaseCeiling = ceilingRule({
  name: "worst-case-ceiling",
  description: "With every service at its maximum of instances, the stack costs at most a second ceiling.",
  severity: "high",
  remedy: "Lower maxInstances in infra/gcp/sizes.ts or raise tollgate:monthlyWorstCaseCeiling",
  key: "monthlyWorstCaseCeiling",
  finding: (resources, ceiling) => {
    const worst = worstCase(resources);
    return worst.total.high <= ceiling
      ? []
      : [
          `With every service at its maximum of instances all month the infrastructure would cost ${dollars(worst.total.high)}, over the ceiling of ${dollars(ceiling)} (${largest(worst)})`,
        ];
  },
});

function billed(resources: PolicyResource[]): BilledResource[] {
  return resources.map(({ type, name, props }) => ({ type, name, inputs: props }));
}

/** The three services that most of it is for. */
function largest({ lines }: Estimate): string {
  const services = new Map<string, number>();
  for (const { service, cost } of lines) services.set(service, (services.get(service) ?? 0) + cost.high);
  return [...services]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 3)
    .map(([service, cost]) => `${service} ${dollars(cost)}`)
    .join(", ");
}
