/** What stands in for the packages that Langfuse's mapping imports and does not need, and for its database. */
import { langfuseSetup } from "../../../dashboards/langfuse";

export const PROJECT = "tollgate";

/** Something that can be called, constructed, extended and read to any depth, and does nothing. */
export function standIn(path: string): unknown {
  const nothing: object = new Proxy(function () {}, {
    // esbuild makes a module's namespace as an object whose prototype is the module's.
    getPrototypeOf: () => new Proxy({}, { get: (_, name) => Reflect.get(nothing, name) as unknown }),
    get(target, name) {
      if (name === "__esModule") return true;
      if (name === "prototype") return target.prototype as unknown;
      if (name === Symbol.toPrimitive) return () => path;
      return name === "then" || typeof name === "symbol" ? undefined : standIn(`${path}.${name}`);
    },
    apply: () => standIn(`${path}()`),
    construct: () => standIn(path) as object,
  });
  return nothing;
}

interface Sql {
  strings: readonly string[];
  values: unknown[];
}

/** Values of a query and of its parts, in order. */
const valuesOf = (sql: Sql): unknown[] =>
  sql.values.flatMap((value) =>
    value !== null && typeof value === "object" && "strings" in value ? valuesOf(value as Sql) : [value],
  );

/** A project that `langfuse apply` has set up: its models with their prices, and the first version of its prompts. */
export function prismaOfOurProject(toDecimal: (value: number) => unknown) {
  const { models, prompts } = langfuseSetup();
  class PrismaClient {
    $on() {}

    /** Only `findModelInPostgres` asks: its last value is the model's name, which Postgres matches by `~`. */
    $queryRaw(sql: Sql) {
      const name = String(valuesOf(sql).at(-1));
      return Promise.resolve(
        models
          .filter(({ matchPattern }) => new RegExp(matchPattern.replace("(?i)", ""), "i").test(name))
          .map(({ modelName, matchPattern, unit }) => ({
            id: modelName,
            projectId: PROJECT,
            modelName,
            matchPattern,
            unit,
          })),
      );
    }

    pricingTier = {
      findMany: ({ where }: { where: { modelId: string } }) =>
        Promise.resolve(
          (models.find(({ modelName }) => modelName === where.modelId)?.pricingTiers ?? []).map((tier) => ({
            ...tier,
            id: `${where.modelId}: ${tier.name}`,
            prices: Object.entries(tier.prices).map(([usageType, price]) => ({
              usageType,
              price: toDecimal(price),
            })),
          })),
        ),
    };

    promptDependency = { findMany: () => Promise.resolve([]) };

    prompt = {
      findFirst: ({ where }: { where: { name: string; version: number } }) => {
        const found = prompts.find(({ name }) => name === where.name && where.version === 1);
        return Promise.resolve(
          found ? { id: `${found.name}, version 1`, projectId: PROJECT, ...where, prompt: found.text } : null,
        );
      },
    };
  }
  const sql = (strings: TemplateStringsArray, ...values: unknown[]): Sql => ({ strings, values });
  const Prisma = new Proxy({ sql }, { get: (own, name) => (name === "sql" ? own.sql : standIn("Prisma")) });
  return { Prisma, PrismaClient };
}
