import { evaluate, type Resource } from "../../policies/evaluate";
import { policiesFor } from "../../policies/pack";
import type { Environment } from "../../policies/rule";

/** What the pack has to say about some resources under one policy, as `level: message`. */
export async function judge(
  policy: string,
  resources: Resource[],
  environment: Environment = "prod",
  settings: Record<string, object> = {},
): Promise<string[]> {
  const policies = policiesFor(environment).filter(({ name }) => name === policy);
  if (policies.length !== 1) throw new Error(`"${policy}" must be a policy of the pack`);
  const violations = await evaluate(policies, resources, settings);
  return violations.map(({ level, message }) => `${level}: ${message}`);
}
