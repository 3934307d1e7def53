import type { Evaluation, EvaluatorRequest, LangfuseApi } from "../../dashboards/langfuse";
import { isAsWanted } from "./compare";
import { codeOf } from "./errors";
import { Skipped, type Journal } from "./journal";
import { allCursorPages, allPages } from "./pages";

const NO_MODEL =
  "Langfuse has no evaluation model: set TOLLGATE_JUDGE_KEY and TOLLGATE_GATEWAY_URL, or add a connection and a default evaluation model in its settings, then run this again";

/** The judges' model, over a connection of that name. */
export interface JudgeModel {
  provider: string;
  model: string;
}

/** How Langfuse reaches the gateway: its address as Langfuse sees it, and the judges' key. */
export interface JudgeAccess {
  gateway: string;
  key: string;
}

/** The judges' connection, to the gateway: their calls are a customer's, with its budget. Langfuse shows of a key its end only. */
export async function applyJudge(
  api: LangfuseApi,
  judge: JudgeModel,
  access: JudgeAccess | undefined,
  journal: Journal,
): Promise<JudgeModel | undefined> {
  const connections = await allPages((page) => api.llmConnections.list(page));
  const existing = connections.find(({ provider }) => provider === judge.provider);
  if (!access) return existing && judge;
  const wanted = {
    adapter: "openai" as const,
    baseURL: `${access.gateway.replace(/\/$/, "")}/v1`,
    customModels: [judge.model],
    withDefaultModels: false,
  };
  const sameKey = existing?.displaySecretKey === `...${access.key.slice(-4)}`;
  await journal.apply("llm connection", judge.provider, async () => {
    if (existing && sameKey && isAsWanted(wanted, existing)) return { action: "unchanged", value: existing };
    return {
      action: existing ? "updated" : "created",
      run: () => api.llmConnections.upsert({ provider: judge.provider, secretKey: access.key, ...wanted }),
    };
  });
  return judge;
}

/** Judges, the rules for what they score, and the scores that people may add. */
export async function applyEvaluations(
  api: LangfuseApi,
  wanted: Evaluation[],
  judge: JudgeModel | undefined,
  journal: Journal,
): Promise<void> {
  const scoreConfigs = await allPages((page) => api.scoreConfigs.get(page));
  for (const { scoreConfig } of wanted) {
    await journal.apply("score config", scoreConfig.name, async () => {
      const existing = scoreConfigs.find(({ name, isArchived }) => name === scoreConfig.name && !isArchived);
      if (!existing) return { action: "created", run: () => api.scoreConfigs.create(scoreConfig) };
      if (isAsWanted(scoreConfig, existing)) return { action: "unchanged", value: existing };
      if (existing.dataType !== scoreConfig.dataType) {
        throw new Error(
          `it holds ${existing.dataType} scores and shall hold ${scoreConfig.dataType}: archive it in Langfuse`,
        );
      }
      const { name, description, minValue, maxValue } = scoreConfig;
      const changes = { name, description, minValue, maxValue };
      return { action: "updated", run: () => api.scoreConfigs.update(existing.id, changes) };
    });
  }

  const evaluators = await allCursorPages((page) => api.evaluators.list(page));
  const rules = await allCursorPages((page) => api.evaluationRules.list(page));
  for (const { evaluator, rule } of wanted) {
    const request: EvaluatorRequest = { ...evaluator, modelConfig: judge ?? evaluator.modelConfig };
    const made = await journal.apply("evaluator", evaluator.name, async () => {
      const existing = evaluators.find(
        ({ name, type }) => name === evaluator.name && type === evaluator.type,
      );
      if (!existing) {
        return { action: "created", run: () => unlessNoModel(judge, () => api.evaluators.create(request)) };
      }
      if (isAsWanted(request, existing)) return { action: "unchanged", value: existing };
      return {
        action: "updated",
        run: () => unlessNoModel(judge, () => api.evaluators.update(existing.id, request)),
      };
    });

    await journal.apply("evaluation rule", rule.name, async () => {
      const existing = rules.find(({ name }) => name === rule.name);
      const assigned = { ...rule, evaluatorAssignments: [{ evaluatorId: made?.id ?? "" }] };
      // Whether it runs is decided in Langfuse after it was made: a person may have stopped it.
      if (existing && made && isAsWanted(assigned, existing)) return { action: "unchanged", value: existing };
      return {
        action: existing ? "updated" : "created",
        run: () =>
          !made
            ? Promise.resolve(new Skipped(`it has no evaluator ${evaluator.name}`))
            : unlessNoModel(judge, () =>
                existing
                  ? api.evaluationRules.update(existing.id, assigned)
                  : api.evaluationRules.create({ ...assigned, enabled: true }),
              ),
      };
    });
  }
}

/** Langfuse calls the model before it accepts an evaluator, and refuses one without a connection. */
async function unlessNoModel<T>(
  judge: JudgeModel | undefined,
  request: () => PromiseLike<T>,
): Promise<T | Skipped> {
  try {
    return await request();
  } catch (error) {
    if (!judge && codeOf(error) === "evaluator_preflight_failed") return new Skipped(NO_MODEL);
    throw error;
  }
}
