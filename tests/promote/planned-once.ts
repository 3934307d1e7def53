import type * as Planner from "../../infra/plan";
import type { Plan, StackSettings } from "../../infra/plan";
import type * as Judge from "../../policies/judge-plan";
import type { Violation } from "../../policies/evaluate";

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

/** The real policies, asked once about each plan. */
export function judgedOnce() {
  const { judgePlan } = jest.requireActual<typeof Judge>("../../policies/judge-plan");
  const judged = new Map<Plan, Promise<Violation[]>>();
  return {
    judgePlan: (plan: Plan) => {
      if (!judged.has(plan)) judged.set(plan, judgePlan(plan));
      return judged.get(plan)!;
    },
  };
}
