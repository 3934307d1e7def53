import { z } from "zod";
import { preflight, type Connections } from "./connections";
import { Answer, cursorPage, now, numberedPage, refuse, type Route } from "./http";

const message = z.strictObject({ role: z.enum(["system", "user", "assistant"]), content: z.string().min(1) });
const mapping = z.strictObject({
  variable: z.string(),
  source: z.enum([
    "input",
    "output",
    "metadata",
    "tool_calls",
    "expected_output",
    "experiment_item_metadata",
  ]),
  jsonPath: z.string().startsWith("$").optional(),
});
const instructions = {
  scoreReasoningInstructions: z.string().optional(),
  scoreValueInstructions: z.string().optional(),
};
const evaluator = z
  .strictObject({
    name: z.string().min(1),
    description: z.string().nullish(),
    type: z.literal("llm_as_judge"),
    prompt: z.array(message).min(1),
    modelConfig: z.strictObject({ provider: z.string(), model: z.string() }).nullish(),
    variableMapping: z.array(mapping).nullish(),
    outputDefinition: z.discriminatedUnion("dataType", [
      z.strictObject({
        dataType: z.literal("NUMERIC"),
        minValue: z.number().optional(),
        maxValue: z.number().optional(),
        ...instructions,
      }),
      z.strictObject({ dataType: z.literal("BOOLEAN"), ...instructions }),
    ]),
  })
  .refine(({ prompt, variableMapping }) => {
    const used = variablesOf(prompt.map(({ content }) => content).join("\n"));
    const mapped = (variableMapping ?? []).map(({ variable }) => variable);
    return used.length === mapped.length && used.every((variable) => mapped.includes(variable));
  }, "every variable of the prompt is mapped once");

const filter = z.strictObject({
  type: z.enum(["string", "number", "stringOptions", "arrayOptions", "stringObject", "boolean", "null"]),
  column: z.enum([
    "type",
    "name",
    "environment",
    "level",
    "version",
    "traceName",
    "userId",
    "sessionId",
    "tags",
    "metadata",
    "isRootObservation",
    "parentObservationId",
    "calledToolNames",
    "toolCalls",
  ]),
  key: z.string().optional(),
  operator: z.string(),
  value: z.unknown(),
});
const rule = z.strictObject({
  name: z.string().min(1),
  enabled: z.boolean(),
  sampling: z.number().gt(0).lte(1).default(1),
  filter: z.array(filter).default([]),
  evaluatorAssignments: z.array(
    z.strictObject({ evaluatorId: z.string().min(1), variableMapping: z.array(mapping).nullish() }),
  ),
});
const scoreConfigFields = z.strictObject({
  name: z
    .string()
    .max(35)
    .regex(/^[\w .()-]+$/),
  dataType: z.enum(["NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT"]),
  minValue: z.number().optional(),
  maxValue: z.number().optional(),
  description: z.string().optional(),
});
const scoreConfig = scoreConfigFields.refine(
  ({ minValue, maxValue }) => minValue === undefined || maxValue === undefined || maxValue > minValue,
  "Maximum value must be greater than Minimum value",
);
export interface Evaluations extends Connections {
  evaluators: (z.infer<typeof evaluator> & { id: string; version: number })[];
  rules: (z.infer<typeof rule> & { id: string })[];
  scoreConfigs: (z.infer<typeof scoreConfig> & { id: string; isArchived: boolean })[];
  /** Whether somebody chose a default model for evaluation in the settings. */
  defaultModel: boolean;
}

/** Evaluators and their rules (version 2), and score configs. */
export function evaluationRoutes(state: Evaluations): Route[] {
  const { evaluators, rules, scoreConfigs } = state;
  const cannotRun = async (request: z.infer<typeof evaluator>): Promise<Answer | undefined> => {
    const problem = request.modelConfig
      ? await preflight(state, request.modelConfig)
      : !state.defaultModel && "No valid LLM model found. No default model or custom model configured";
    return problem ? refuse(422, "evaluator_preflight_failed", problem) : undefined;
  };

  return [
    {
      method: "GET",
      path: /^\/api\/public\/v2\/evaluators$/,
      answer: ({ query }) => cursorPage(evaluators.map(shownEvaluator), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/v2\/evaluators$/,
      answer: async ({ body }) => {
        const request = evaluator.parse(body);
        const refused = await cannotRun(request);
        if (refused) return refused;
        const made = { id: `evaluator-${evaluators.length + 1}`, version: 1, ...request };
        evaluators.push(made);
        return new Answer(201, shownEvaluator(made));
      },
    },
    {
      method: "PATCH",
      path: /^\/api\/public\/v2\/evaluators\/([^/]+)$/,
      answer: async ({ params: [id], body }) => {
        const existing = evaluators.find((each) => each.id === id);
        if (!existing) return refuse(404, "resource_not_found", `no evaluator ${id}`);
        const request = evaluator.parse(body);
        const refused = await cannotRun(request);
        if (refused) return refused;
        Object.assign(existing, request, { version: existing.version + 1 });
        return new Answer(200, shownEvaluator(existing));
      },
    },
    {
      method: "GET",
      path: /^\/api\/public\/v2\/evaluation-rules$/,
      answer: ({ query }) => cursorPage(rules.map(shownRule), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/v2\/evaluation-rules$/,
      answer: ({ body }) => {
        const request = rule.parse(body);
        for (const { evaluatorId } of request.evaluatorAssignments)
          if (!evaluators.some(({ id }) => id === evaluatorId))
            return refuse(404, "resource_not_found", `no evaluator ${evaluatorId}`);
        const made = { id: `rule-${rules.length + 1}`, ...request };
        rules.push(made);
        return new Answer(201, shownRule(made));
      },
    },
    {
      method: "PATCH",
      path: /^\/api\/public\/v2\/evaluation-rules\/([^/]+)$/,
      answer: ({ params: [id], body }) => {
        const existing = rules.find((each) => each.id === id);
        if (!existing) return refuse(404, "resource_not_found", `no rule ${id}`);
        // No `partial()`: it would bring the defaults of what was left out.
        const current: Partial<typeof existing> = { ...existing };
        delete current.id;
        Object.assign(existing, rule.parse({ ...current, ...(body as object) }));
        return new Answer(200, shownRule(existing));
      },
    },
    {
      method: "GET",
      path: /^\/api\/public\/score-configs$/,
      answer: ({ query }) => numberedPage(scoreConfigs.map(shownConfig), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/score-configs$/,
      answer: ({ body }) => {
        const made = {
          id: `config-${scoreConfigs.length + 1}`,
          isArchived: false,
          ...scoreConfig.parse(body),
        };
        scoreConfigs.push(made);
        return new Answer(200, shownConfig(made));
      },
    },
    {
      method: "PATCH",
      path: /^\/api\/public\/score-configs\/([^/]+)$/,
      answer: ({ params: [id], body }) => {
        const existing = scoreConfigs.find((each) => each.id === id);
        if (!existing)
          return new Answer(404, { message: "Score config not found within authorized project" });
        Object.assign(existing, scoreConfigFields.omit({ dataType: true }).parse(body));
        return new Answer(200, shownConfig(existing));
      },
    },
  ];
}

function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name!))];
}

function shownEvaluator(each: Evaluations["evaluators"][number]): object {
  return {
    createdBy: null,
    status: "active",
    pausedAt: null,
    evaluationRuleAssignments: [],
    variables: variablesOf(each.prompt.map(({ content }) => content).join("\n")),
    createdAt: now(),
    updatedAt: now(),
    ...each,
    modelConfig: each.modelConfig ?? null,
  };
}

function shownRule(each: Evaluations["rules"][number]): object {
  const evaluatorAssignments = each.evaluatorAssignments.map((one) => ({ variableMapping: null, ...one }));
  return { createdBy: null, createdAt: now(), updatedAt: now(), ...each, evaluatorAssignments };
}

function shownConfig(each: Evaluations["scoreConfigs"][number]): object {
  return { projectId: "tollgate", createdAt: now(), updatedAt: now(), ...each };
}
