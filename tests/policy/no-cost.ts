import type { Rule } from "../../policies/rule";

/** In place of `policies/cost` in the mutation run: that policy is proven in `tests/cost`, and loads all of Pulumi. */
export const costRules: Rule[] = [
  {
    name: "cost-ceiling",
    description: "Stands for the policy of this name.",
    severity: "high",
    remedy: "Nothing",
    enforcement: { dev: "advisory" },
    checkStack: () => [],
  },
];
