import { definitions as ours, type Definitions } from "../../litellm-config";
import type { ModelRequest } from "./api";
import { costPerCustomer } from "./boards/cost-per-customer";
import { costPerSession } from "./boards/cost-per-session";
import { marginTracker } from "./boards/margin-tracker";
import { modelMix } from "./boards/model-mix";
import { queryClassification } from "./boards/query-classification";
import { tokenEfficiency } from "./boards/token-efficiency";
import { langfuseEvaluations, type Evaluation } from "./evaluators";
import { langfuseModels } from "./models";
import { langfusePrompts, type PromptText } from "./prompts";
import type { Dashboard } from "./widget";

export type * from "./api";
export type { Evaluation } from "./evaluators";
export type { PromptText } from "./prompts";
export type { Dashboard, DashboardWidget } from "./widget";

/** How Langfuse shall be set up. */
export interface LangfuseSetup {
  models: ModelRequest[];
  prompts: PromptText[];
  evaluations: Evaluation[];
  boards: Dashboard[];
}

/** What `npm run langfuse:apply` brings about. */
export function langfuseSetup(definitions: Definitions = ours): LangfuseSetup {
  return {
    models: langfuseModels(definitions),
    prompts: langfusePrompts(),
    evaluations: langfuseEvaluations(),
    boards: [
      costPerCustomer(definitions),
      costPerSession(definitions),
      modelMix(definitions),
      tokenEfficiency(definitions),
      queryClassification(),
      marginTracker(definitions),
    ],
  };
}

/** `generated/langfuse/`: what would be applied, to be read in a review. */
export function renderLangfuseFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(langfuseSetup()).map(([part, value]) => [
      `langfuse/${part}.json`,
      `${JSON.stringify(value, null, 2)}\n`,
    ]),
  );
}
