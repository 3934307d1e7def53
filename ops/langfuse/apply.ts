import { langfuseSetup, type LangfuseApi, type LangfuseSetup } from "../../dashboards/langfuse";
import { definitions, judgeOf } from "../../litellm-config";
import { applyEvaluations, applyJudge, type JudgeAccess, type JudgeModel } from "./evaluations";
import { isFatal, reasonOf } from "./errors";
import type { Journal } from "./journal";
import { applyModels } from "./models";
import { applyPrompts } from "./prompts";
import { applyDashboards } from "./unstable";

export interface ApplyOptions {
  /** Default: what the definitions say. */
  setup?: LangfuseSetup;
  /** Default: the judges' connection stays as it is. */
  judgeAccess?: JudgeAccess;
}

/** The judges' connection, and their model. */
export const judge: JudgeModel = { provider: "tollgate-judge", model: judgeOf(definitions).model };

/**
 * Brings Langfuse to the repository's state; a second run changes nothing. Parts are independent: one that fails is in the
 * journal and the next follows.
 *
 * @throws what Langfuse's client throws when the keys are refused or nothing answers.
 */
export async function applySetup(
  api: LangfuseApi,
  journal: Journal,
  { setup = langfuseSetup(), judgeAccess }: ApplyOptions = {},
): Promise<void> {
  await part("models", journal, () => applyModels(api, setup.models, journal));
  await part("prompts", journal, () => applyPrompts(api, setup.prompts, journal));
  await part("evaluations", journal, async () => {
    const connected = await applyJudge(api, judge, judgeAccess, journal);
    await applyEvaluations(api, setup.evaluations, connected, journal);
  });
  await part("dashboards", journal, () => applyDashboards(api, setup.boards, journal));
}

/** What is listed first may fail as a whole. */
async function part(name: string, journal: Journal, apply: () => Promise<void>): Promise<void> {
  try {
    await apply();
  } catch (error) {
    if (isFatal(error)) throw error;
    journal.add({ kind: "part", name, action: "failed", note: reasonOf(error) });
  }
}
