import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { definitions, judgeOf } from "../../litellm-config";
import type { NanoDollars } from "../../litellm-config/money";

/** The committed list; `npm run cost:refresh` rewrites it. */
export const PRICES_FILE = join(__dirname, "prices.json");

/** The region that the stacks run in. A price of another region is used where this one's could not be found. */
export const REGION = "europe-west1";

const priceSchema = z.strictObject({
  /** As `run.cpu.instance`. */
  id: z.string().regex(/^[a-z0-9.-]+$/),
  service: z.string().min(1),
  /** The SKU's description in Google's catalogue. */
  sku: z.string().min(1),
  skuId: z
    .string()
    .regex(/^[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}$/)
    .optional(),
  /** The unit of sale, such as `vCPU-second`. */
  unit: z.string().min(1),
  /** Nano-dollars for one unit. */
  nanos: z.int().nonnegative(),
  /** A region, or `global`. */
  region: z.string().min(1),
  source: z.url(),
  /** The day it was read, or the day of the copy that was read. */
  date: z.iso.date(),
  note: z.string().optional(),
  /** Why it was not seen on a page of Google's. */
  unverified: z.string().min(1).optional(),
  /** Units a month that cost nothing, and what they are shared by. */
  free: z
    .strictObject({ units: z.number().positive(), per: z.enum(["project", "billing account"]) })
    .optional(),
  /** How `npm run cost:refresh` reads it: the catalogue's unit, and how many of ours are in one. None: it is not read. */
  catalog: z
    .strictObject({ usageUnit: z.string(), unitsPerUsageUnit: z.number().positive().default(1) })
    .optional(),
});

const listSchema = z
  .array(priceSchema)
  .refine((prices) => new Set(prices.map(({ id }) => id)).size === prices.length, "names a price twice");

export type Price = z.output<typeof priceSchema>;

/** A price list that nothing can be computed from. */
export class PriceListError extends Error {
  override readonly name = "PriceListError";
}

export class PriceList {
  private readonly byId: Map<string, Price>;

  constructor(readonly prices: Price[]) {
    this.byId = new Map(prices.map((price) => [price.id, price]));
  }

  /** @throws PriceListError when the list has no such price. */
  get(id: string): Price {
    const price = this.byId.get(id) ?? judgePrices().find((each) => each.id === id);
    if (!price) {
      throw new PriceListError(
        `The price "${id}" is not in infra/cost/prices.json: add it with its SKU, source and date`,
      );
    }
    return price;
  }

  /** What a quantity costs, in whole nano-dollars, rounded half up. */
  cost(id: string, quantity: number): NanoDollars {
    return Math.round(this.get(id).nanos * quantity);
  }

  /** The days of the oldest and the newest price, such as `2026-11-24`. */
  get dates(): { oldest: string; newest: string } {
    const dates = this.prices.map(({ date }) => date).sort();
    return { oldest: dates[0]!, newest: dates.at(-1)! };
  }
}

/** The judge's token prices, from the definitions, because Google's list does not have them. */
function judgePrices(): Price[] {
  const name = judgeOf(definitions).model;
  const { input, output } = definitions.models[name]!.price;
  return Object.entries({ input, output }).map(([kind, nanos]) => ({
    id: `llm.judge.${kind}`,
    service: "Anthropic",
    sku: `${name}, ${kind}`,
    unit: "token",
    nanos,
    region: "global",
    source: "https://docs.claude.com/en/docs/about-claude/pricing",
    date: "2026-11-24",
  }));
}

/**
 * Reads a price list.
 *
 * @throws PriceListError when the file is missing, no JSON or not of the list's shape; each line names field, value, remedy.
 */
export function readPriceList(file: string = PRICES_FILE): PriceList {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    throw new PriceListError(
      `The price list ${file} cannot be read: \`git checkout infra/cost/prices.json\``,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new PriceListError(`The price list ${file} must be JSON (${(error as Error).message}): correct it`);
  }
  const result = listSchema.safeParse(json);
  if (!result.success) {
    const lines = result.error.issues.map(({ path, message }) => {
      const value = path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown>)?.[step], json);
      return `  ${path.join(".") || "the list"} ${JSON.stringify(value) ?? "is missing"}: ${message}`;
    });
    throw new PriceListError(`The price list ${file} is not usable, correct it:\n${lines.join("\n")}`);
  }
  return new PriceList(result.data);
}
