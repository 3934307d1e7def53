import type { LangfuseClient } from "@langfuse/client";

/** Langfuse's API by its client's types: what it accepts is what is defined here. */
export type LangfuseApi = LangfuseClient["api"];

export type ModelRequest = Parameters<LangfuseApi["models"]["create"]>[0];
export type ScoreConfigRequest = Parameters<LangfuseApi["scoreConfigs"]["create"]>[0];
export type EvaluatorRequest = Extract<
  Parameters<LangfuseApi["evaluators"]["create"]>[0],
  { type: "llm_as_judge" }
>;
export type EvaluationRuleRequest = Parameters<LangfuseApi["evaluationRules"]["create"]>[0];
export type WidgetRequest = Required<Parameters<LangfuseApi["unstable"]["dashboardWidgets"]["create"]>[0]>;
export type DashboardRequest = Parameters<LangfuseApi["unstable"]["dashboards"]["create"]>[0];
export type WidgetFilter = WidgetRequest["filters"][number];
