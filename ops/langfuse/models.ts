import type { LangfuseApi, ModelRequest } from "../../dashboards/langfuse";
import { isAsWanted } from "./compare";
import type { Journal } from "./journal";
import { allPages } from "./pages";

/**
 * Prices of models. Langfuse refuses a second model of a known name, so a changed price replaces the model under its id.
 * Costs already counted stay as they are. Models made twice before Langfuse refused that are reduced to one.
 */
export async function applyModels(api: LangfuseApi, wanted: ModelRequest[], journal: Journal): Promise<void> {
  const listed = await allPages((page) => api.models.list(page));
  for (const model of wanted) {
    await journal.apply("model", model.modelName, async () => {
      const own = listed.filter(
        ({ modelName, isLangfuseManaged }) => modelName === model.modelName && !isLangfuseManaged,
      );
      const [kept] = own.filter((each) => isAsWanted(model, each)).concat(own);
      if (!kept) return { action: "created", run: () => api.models.create(model) };
      const isCurrent = isAsWanted(model, kept);
      if (isCurrent && own.length === 1) return { action: "unchanged", value: kept };
      return {
        action: "updated",
        run: async () => {
          for (const { id } of own) if (id !== kept.id) await api.models.delete(id);
          return isCurrent ? kept : api.models.upsert(kept.id, model);
        },
      };
    });
  }
}
