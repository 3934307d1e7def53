import { z } from "zod";
import { Answer, numberedPage, type Route } from "./http";

const tier = z.strictObject({
  name: z.string().min(1),
  isDefault: z.boolean(),
  priority: z.int(),
  conditions: z.array(z.unknown()),
  prices: z.record(z.string(), z.number().nonnegative()),
});

/** Postgres' patterns begin with their options. */
function isPattern(text: string): boolean {
  try {
    return text !== "" && Boolean(new RegExp(text.replace(/^\(\?i\)/, "")));
  } catch {
    return false;
  }
}

const create = z.strictObject({
  modelName: z.string().min(1),
  matchPattern: z.string().refine(isPattern, "matchPattern is not a valid regex pattern (Postgres)"),
  startDate: z.iso.datetime().nullish(),
  unit: z.enum(["TOKENS", "CHARACTERS", "MILLISECONDS", "SECONDS", "REQUESTS", "IMAGES"]),
  pricingTiers: z
    .array(tier)
    .refine((tiers) => tiers.filter(({ isDefault }) => isDefault).length === 1, "exactly one default tier")
    .refine(
      (tiers) =>
        tiers.every(
          ({ isDefault, priority, conditions }) => !isDefault || (priority === 0 && conditions.length === 0),
        ),
      "the default tier has priority 0 and no conditions",
    )
    .refine((tiers) => tiers.every(({ prices }) => Object.keys(prices).length > 0), "each tier has a price"),
});

export interface StoredModel extends z.infer<typeof create> {
  id: string;
  isLangfuseManaged: boolean;
}

/**
 * Models, as `publicApiModelService.ts` has them: a known name is refused, an id of the project's own is replaced whole, and
 * the definitions that come with Langfuse are listed with the project's own and cannot be changed.
 */
export function modelRoutes(models: StoredModel[]): Route[] {
  let made = 0;
  return [
    {
      method: "GET",
      path: /^\/api\/public\/models$/,
      answer: ({ query }) => numberedPage(models.map(shown), query),
    },
    {
      method: "POST",
      path: /^\/api\/public\/models$/,
      answer: ({ body }) => {
        const request = create.parse(body);
        const known = models.some(
          ({ modelName, isLangfuseManaged }) => modelName === request.modelName && !isLangfuseManaged,
        );
        if (known)
          return new Answer(400, {
            message: `Model name '${request.modelName}' already exists in project`,
            error: "InvalidRequestError",
          });
        const model = { id: `model-${++made}`, isLangfuseManaged: false, ...request };
        models.push(model);
        return new Answer(200, shown(model));
      },
    },
    {
      method: "PUT",
      path: /^\/api\/public\/models\/([^/]+)$/,
      answer: ({ params: [id], body }) => {
        const request = create.parse(body);
        const at = models.findIndex((model) => model.id === id);
        if (models[at]?.isLangfuseManaged)
          return new Answer(400, { message: "Built-in models cannot be modified" });
        const namesake = models.some(
          (each) => each.modelName === request.modelName && each.id !== id && !each.isLangfuseManaged,
        );
        if (namesake)
          return new Answer(400, { message: `Model name '${request.modelName}' already exists in project` });
        const model = { id: decodeURIComponent(id!), isLangfuseManaged: false, ...request };
        models.splice(at < 0 ? models.length : at, at < 0 ? 0 : 1, model);
        return new Answer(200, shown(model));
      },
    },
    {
      method: "DELETE",
      path: /^\/api\/public\/models\/([^/]+)$/,
      answer: ({ params: [id] }) => {
        const at = models.findIndex((model) => model.id === id && !model.isLangfuseManaged);
        if (at < 0) return new Answer(404, { message: "No model with this id found." });
        models.splice(at, 1);
        return new Answer(200, { message: "Model successfully deleted" });
      },
    },
  ];
}

/** The server adds an id to each tier, and the default tier's prices in the old shape too. */
function shown(model: StoredModel): object {
  const standard = model.pricingTiers.find(({ isDefault }) => isDefault)!;
  return {
    startDate: null,
    inputPrice: standard.prices["input"] ?? null,
    outputPrice: standard.prices["output"] ?? null,
    totalPrice: null,
    tokenizerId: null,
    tokenizerConfig: null,
    createdAt: "2026-11-01T00:00:00.000Z",
    prices: Object.fromEntries(Object.entries(standard.prices).map(([type, price]) => [type, { price }])),
    ...model,
    pricingTiers: model.pricingTiers.map((each, at) => ({ id: `${model.id}-${at}`, ...each })),
  };
}
