import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EvaluationRuleRequest, EvaluatorRequest, ScoreConfigRequest } from "./api";

/** A judge, what it scores, and the score that people may give for the same. */
export interface Evaluation {
  evaluator: EvaluatorRequest;
  rule: Omit<EvaluationRuleRequest, "evaluatorAssignments" | "enabled"> & { sampling: number };
  scoreConfig: ScoreConfigRequest;
}

/** Share of the answers that are scored: each costs a call to a model. */
const SAMPLING = 0.1;

/** The agent's observation of one question: its input is the question, its output the answer. */
const questions: NonNullable<EvaluationRuleRequest["filter"]> = [
  { type: "stringOptions", column: "traceName", operator: "any of", value: ["ask"] },
  { type: "boolean", column: "isRootObservation", operator: "=", value: true },
  // A refusal or a failure is no answer of a model.
  { type: "stringOptions", column: "level", operator: "any of", value: ["DEFAULT"] },
];

const judged = (file: string) => ({
  type: "llm_as_judge" as const,
  prompt: [
    { role: "user" as const, content: readFileSync(join(__dirname, "evaluators", file), "utf8").trim() },
  ],
  // Unset: the project's default model for evaluation.
  modelConfig: null,
  variableMapping: [
    { variable: "question", source: "input" as const },
    { variable: "answer", source: "output" as const },
  ],
});

/** LLM-as-judge evaluation of the agent's answers. */
export function langfuseEvaluations(): Evaluation[] {
  const answered = "Does the answer do what the question asks?";
  const actionable = "Could an engineer act on the recommendation today?";
  return [
    {
      evaluator: {
        name: "question-answered",
        description: answered,
        ...judged("question-answered.md"),
        outputDefinition: {
          dataType: "NUMERIC",
          minValue: 0,
          maxValue: 1,
          scoreReasoningInstructions: "One sentence: what is missing, or why nothing is.",
          scoreValueInstructions: "A number from 0 to 1.",
        },
      },
      rule: { name: "question-answered: a tenth of all questions", sampling: SAMPLING, filter: questions },
      scoreConfig: {
        name: "question-answered",
        dataType: "NUMERIC",
        minValue: 0,
        maxValue: 1,
        description: answered,
      },
    },
    {
      evaluator: {
        name: "saving-actionable",
        description: actionable,
        ...judged("saving-actionable.md"),
        outputDefinition: {
          dataType: "BOOLEAN",
          scoreReasoningInstructions: "One sentence: what an engineer would still have to ask.",
          scoreValueInstructions: "True when it can be acted on as it is.",
        },
      },
      rule: {
        name: "saving-actionable: a tenth of the recommendations",
        sampling: SAMPLING,
        filter: [
          ...questions,
          { type: "arrayOptions", column: "tags", operator: "any of", value: ["query_type:recommendation"] },
        ],
      },
      scoreConfig: { name: "saving-actionable", dataType: "BOOLEAN", description: actionable },
    },
  ];
}
