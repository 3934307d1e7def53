import { accessRules } from "./access";
import { budgetRules } from "./budgets";
import { cataloguedRules } from "./catalogued";
import { costRules } from "./cost";
import { infrastructureRules } from "./infrastructure";
import { secretRules } from "./secrets";
import { stackSetting } from "./stack-settings";
import { toPolicy, type Environment, type Rule, type TollgatePolicy } from "./rule";

/** Every rule of the pack. */
export const rules: Rule[] = [
  ...budgetRules,
  ...accessRules,
  ...secretRules,
  ...cataloguedRules,
  ...infrastructureRules,
  ...costRules,
];

/** The pack's policies as they are enforced in an environment. Tests and `npm run plan` call them without an engine. */
export function policiesFor(environment: Environment): TollgatePolicy[] {
  return rules.map((rule) => toPolicy(rule, environment));
}

/**
 * How strictly a stack is checked. As dev only one that declares it and is not called prod: a stack `dev` without a class, or
 * one of class dev under another name. The name may be `prod` or `acme/tollgate/prod`.
 */
export function environmentOf(stack: string): Environment {
  const name = stack.split("/").at(-1);
  const stackClass = stackSetting("tollgate:class") ?? classOf(stackSetting("tollgate:environment"));
  return name !== "prod" && (stackClass ?? classOf(name)) === "dev" ? "dev" : "prod";
}

function classOf(name: string | undefined): Environment | undefined {
  return name === "dev" || name === "prod" ? name : undefined;
}
