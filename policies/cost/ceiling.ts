import * as pulumi from "@pulumi/pulumi";
import { usd } from "../../litellm-config/money";
import { estimate } from "../../infra/cost/estimate";
import { dollars } from "../../infra/cost/money";
import { UnpricedError } from "../../infra/cost/rates";
import type { Rule } from "../rule";

const KEY = "monthlyCostCeiling";

/**
 * The stack's own ceiling. The engine hands a stack's configuration to a policy pack as it does to the program; a plan sets it
 * in this process.
 */
function stackCeiling(): string | undefined {
  return new pulumi.Config("tollgate").get(KEY);
}

export const costCeiling: Rule<{ maxDollars?: number }> = {
  name: "cost-ceiling",
  description: "The infrastructure's expected monthly cost is at most the stack's ceiling.",
  severity: "high",
  remedy:
    "See where it goes with `npm run cost -- --stack STACK`, then make it cheaper or raise tollgate:monthlyCostCeiling",
  enforcement: { dev: "advisory" },
  // Instead of the stack's own.
  settings: { maxDollars: { type: "number", exclusiveMinimum: 0 } },
  checkStack: (resources, { maxDollars }) => {
    const billed = resources.map(({ type, name, props }) => ({ type, name, inputs: props }));
    if (billed.length === 0) return [];
    const ceiling = maxDollars === undefined ? stackCeiling() : String(maxDollars);
    if (ceiling === undefined) return [`tollgate:${KEY} is not set`];
    try {
      const { total } = estimate(billed);
      if (total.expected <= usd(ceiling)) return [];
      return [
        `The infrastructure is expected to cost ${dollars(total.expected)} a month (${dollars(total.low)} to ${dollars(total.high)}), over the ceiling of ${dollars(usd(ceiling))}`,
      ];
    } catch (error) {
      if (error instanceof UnpricedError)
        return [`The cost is not known: ${error.message.replace(/\.$/, "")}`];
      throw error;
    }
  },
};
