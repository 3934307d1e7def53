import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { NANOS_PER_DOLLAR, type Provider } from "../../litellm-config";
import { paths } from "../../ops/workspace/paths";

/** An entry of LiteLLM's price list: dollars per token, limits in tokens, and much that does not matter here. */
export type ListEntry = Record<string, unknown>;
export type PriceList = Record<string, ListEntry>;

const FILE = "model_prices_and_context_window_backup.json";

/**
 * The price list that the installed LiteLLM ships.
 *
 * @throws Error when LiteLLM is not installed.
 */
export function installedListFile(): string {
  const libraries = join(paths.venv, "lib");
  const found = (existsSync(libraries) ? readdirSync(libraries) : [])
    .map((python) => join(libraries, python, "site-packages", "litellm", FILE))
    .find((file) => existsSync(file));
  if (!found) throw new Error(`There is no ${FILE} under ${libraries}: run npm test or npm start once`);
  return found;
}

/** @throws Error that names the file when it cannot be read or is not a price list. */
export function readPriceList(file: string): PriceList {
  try {
    return z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    const reason = error instanceof z.ZodError ? "it is not an object of models" : (error as Error).message;
    throw new Error(`${file} cannot be read as LiteLLM's price list: ${reason}`, { cause: error });
  }
}

/** The name of a model in the list; `undefined` for a self-hosted server, which no list prices. */
export function listName(provider: Provider, model: string, embeds: boolean): string | undefined {
  return { anthropic: model, vertex: embeds ? model : `vertex_ai/${model}`, self_hosted: undefined }[
    provider
  ];
}

/** Nano-dollars of a price in the list; `undefined` where it has none. Fractions of a nano-dollar are kept. */
export function listNanos(entry: ListEntry, key: string): number | undefined {
  const dollars = entry[key];
  // The list's floats are decimal prices: 1e-7 must not become 99.99999999999999.
  return typeof dollars === "number" ? Number((dollars * NANOS_PER_DOLLAR).toPrecision(12)) : undefined;
}
