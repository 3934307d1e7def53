import { UNKNOWN, type Plan } from "../infra/plan";
import { evaluate, type Violation } from "./evaluate";
import { environmentOf, policiesFor } from "./pack";
import type { Props } from "./rule";

/**
 * What the policy pack says to a plan: the findings of `pulumi preview --policy-pack policies`, without an engine. What only
 * an update can know counts as absent.
 */
export function judgePlan(plan: Plan): Promise<Violation[]> {
  return evaluate(policiesFor(environmentOf(plan.stack)), resourcesOf(plan));
}

/** The resources of a plan as policies see them: what is known only after an update is undefined under its key. */
export function resourcesOf({ resources }: Plan) {
  return resources.map(({ type, name, inputs, protect, ignoreChanges, dependsOn }) => ({
    type,
    name,
    props: known(inputs) as Props,
    protect,
    ignoreChanges,
    dependsOn,
  }));
}

function known(value: unknown): unknown {
  if (value === UNKNOWN) return undefined;
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, known(each)]));
}
