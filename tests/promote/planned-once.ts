import type * as Planner from "../../infra/plan";
import type { Plan, StackSettings } from "../../infra/plan";

/** The real planner, which plans each stack once for the same settings: a plan takes seconds. */
export function plannedOnce() {
  const real = jest.requireActual<typeof Planner>("../../infra/plan");
  const plans = new Map<string, Promise<Plan>>();
  return {
    ...real,
    plan: (stack: string, settings: StackSettings = real.readStackFile(stack)) => {
      const key = JSON.stringify([stack, settings]);
      if (!plans.has(key)) plans.set(key, real.plan(stack, settings));
      return plans.get(key)!;
    },
  };
}
