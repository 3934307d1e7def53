import type { LangfuseApi, PromptText } from "../../dashboards/langfuse";
import { statusOf } from "./errors";
import type { Journal } from "./journal";

/** The version that this repository made last. */
const REPOSITORY = "repository";
/** The version that the agent uses. */
const PRODUCTION = "production";

/**
 * Prompts under version control: a file that changed becomes a new version, which the agent uses from then on. Where people
 * put another version in production in Langfuse, that stays until the file changes.
 */
export async function applyPrompts(api: LangfuseApi, wanted: PromptText[], journal: Journal): Promise<void> {
  for (const { name, text, file } of wanted) {
    await journal.apply("prompt", name, async () => {
      const [ours, inUse] = [await find(api, name, REPOSITORY), await find(api, name, PRODUCTION)];
      if (ours?.prompt === text) {
        const note =
          inUse && inUse.version !== ours.version
            ? `production is version ${inUse.version}, made in Langfuse; the repository's is ${ours.version}`
            : undefined;
        return { action: "unchanged", value: ours, note };
      }
      return {
        action: ours ? "updated" : "created",
        run: () =>
          api.prompts.create({
            type: "text",
            name,
            prompt: text,
            labels: [PRODUCTION, REPOSITORY],
            commitMessage: `From ${file}`,
          }),
      };
    });
  }
}

async function find(api: LangfuseApi, name: string, label: string) {
  try {
    return await api.prompts.get(name, { label, resolve: false });
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}
