import { definitions } from "../../litellm-config";

/** How a budget looks: as usual, close to the cheaper model, or used up. */
export type BudgetState = "fine" | "warn" | "stop";

/** The state of a budget of which so much is used. */
export function budgetState(usedPercent: number): BudgetState {
  const at = (action: "notify" | "block") =>
    definitions.thresholds.find((each) => each.action === action)!.percent;
  return usedPercent >= at("block") ? "stop" : usedPercent >= at("notify") ? "warn" : "fine";
}
