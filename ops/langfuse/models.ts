import type { LangfuseApi, ModelRequest } from "../../dashboards/langfuse";
import { isAsWanted } from "./compare";
import type { Journal } from "./journal";
import { allPages } from "./pages";

/**
 * Prices of models. Langfuse cannot change a model: a new one takes the place of the old, in this order, so that no call is
 * without a price in between. Costs that are counted already stay as they are.
 */
export async function applyModels(api: LangfuseApi, wanted: ModelRequest[], journal: Journal): Promise<void> {
  const listed = await allPages((page) => api.models.list(page));
  for (const model of wanted) {
    await journal.apply("model", model.modelName, async () => {
      const own = listed.filter(
        ({ modelName, isLangfuseManaged }) => modelName === model.modelName && !isLangfuseManaged,
      );
      const current = own.find((each) => isAsWanted(model, each));
      if (current && own.length === 1) return { action: "unchanged", value: current };
      return {
        action: own.length > 0 ? "updated" : "created",
        run: async () => {
          const made = current ?? (await api.models.create(model));
          for (const { id } of own) if (id !== made.id) await api.models.delete(id);
          return made;
        },
      };
    });
  }
}
