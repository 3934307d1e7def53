import { accessRules } from "./access";
import { budgetRules } from "./budgets";
import { costRules } from "./cost";
import { infrastructureRules } from "./infrastructure";
import { secretRules } from "./secrets";
import { toPolicy, type Environment, type Rule, type TollgatePolicy } from "./rule";

/** Every rule of the pack. */
export const rules: Rule[] = [
  ...budgetRules,
  ...accessRules,
  ...secretRules,
  ...infrastructureRules,
  ...costRules,
];

/** The pack's policies as they are enforced in an environment. Tests and `npm run plan` call them without an engine. */
export function policiesFor(environment: Environment): TollgatePolicy[] {
  return rules.map((rule) => toPolicy(rule, environment));
}

/**
 * Which environment a stack is: the name of the stack, as `prod` or `acme/tollgate/prod`. A name that is neither is judged as
 * strictly as prod.
 */
export function environmentOf(stack: string): Environment {
  return stack.split("/").at(-1) === "dev" ? "dev" : "prod";
}
