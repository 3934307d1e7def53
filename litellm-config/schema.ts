import { z } from "zod";
import { formatUsd, type NanoDollars } from "./money";

/** The kinds of query a conversation's calls are tagged with. */
export const QUERY_TYPES = ["cost_analysis", "recommendation", "simple_lookup", "action"] as const;
export type QueryType = (typeof QUERY_TYPES)[number];

/** What an embedding is tagged with unless its request names one of {@link QUERY_TYPES}. */
export const EMBEDDING_QUERY_TYPE = "embedding";

/** The eight tags of every request: on the Langfuse trace, in the ledger's row and in the log line. */
export const TAGS = [
  "customer_id",
  "plan_tier",
  "session_id",
  "query_type",
  "model_used",
  "gcp_project",
  "tools_invoked",
  "environment",
] as const;

const nanos = z.int().positive();
const tokenPrice = z.int().nonnegative();
const seconds = z.int().positive();
const days = z.int().positive();
const tokens = z.int().positive();
const count = z.int().positive();

const tier = z.strictObject({
  /** Nano-dollars a month that the customer pays. */
  price: nanos,
  /** Nano-dollars a calendar month (UTC) that the customer's LLM calls may cost. */
  monthlyBudget: nanos,
  /** Nano-dollars a day and an hour (UTC) that they may cost. Both grow with an override or a grant. */
  dailyBudget: nanos,
  hourlyBudget: nanos,
  /** The route that calls take once the degrade threshold is reached. */
  degradeTo: z.string(),
});

const fleet = z.strictObject({
  /** The most customers of each tier that the limits are made for. */
  customers: z.record(z.string(), z.int().nonnegative()),
  /** Nano-dollars a day and an hour (UTC) that all customers' calls may cost. */
  dailyBudget: nanos,
  hourlyBudget: nanos,
  /** Percent of an hourly budget, a customer's or the fleet's, from which calls go to the tier's cheaper route. */
  degradeAtPercent: z.int().min(1).max(100),
});

const billing = z.strictObject({
  /**
   * What a change of tier does to the budget of the running month. `at_once`: the new tier's whole budget. `prorated`: each tier's
   * budget for the part of the month in which the customer had it, to the second.
   */
  tierChanges: z.enum(["at_once", "prorated"]),
});

const session = z.strictObject({
  /** Nano-dollars that one conversation may cost. */
  budget: nanos,
  /** Nano-dollars from which operations look at a conversation. */
  runawayAt: nanos,
  tokensPerMinute: tokens,
  /** LLM calls in one conversation. */
  calls: z.int().positive(),
});

export const THRESHOLD_ACTIONS = ["log", "notify", "degrade", "block"] as const;
export type ThresholdAction = (typeof THRESHOLD_ACTIONS)[number];

const threshold = z.strictObject({
  percent: z.int().min(1).max(100),
  action: z.enum(THRESHOLD_ACTIONS),
});

export const PROVIDERS = ["anthropic", "vertex", "self_hosted"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Nano-dollars per token. */
const price = z.strictObject({
  input: tokenPrice,
  output: tokenPrice,
  cacheRead: tokenPrice,
  /** Writing to a cache that lives five minutes, or one hour. Without a write price: `input`. */
  cacheWrite5m: tokenPrice,
  cacheWrite1h: tokenPrice,
});

const model = z.strictObject({
  provider: z.enum(PROVIDERS),
  price,
  /** Prices of prompts above a length, in ascending order. The whole request costs the last one that its prompt is above. */
  longPrompts: z.array(price.extend({ above: tokens })).optional(),
  /** Percent that Vertex AI adds outside its `global` location. */
  regionalUpliftPercent: z.int().min(1).max(100).optional(),
  /** Prompts above this are refused; of an embedding model, each text. */
  maxPromptTokens: tokens,
  /** 0 for an embedding model. */
  maxOutputTokens: z.int().nonnegative(),
  /** It makes vectors of texts, of so many numbers at most. Calls name it themselves: no route may reach it. */
  embedding: z.strictObject({ dimensions: count }).optional(),
  /** How long the provider keeps what LiteLLM marks for its cache; absent: nothing is marked. */
  promptCache: z.enum(["5m", "1h"]).optional(),
  /** Tokens of an image; absent: the model takes none. */
  images: z
    .strictObject({
      /** The most tokens that one image has; without `tile`, the bound of every image. */
      most: tokens,
      /** Pixels on a side of a tile, each of which has `tileTokens` (1), in addition to the image's `base` (0). */
      tile: z.int().positive().optional(),
      tileTokens: tokens.optional(),
      base: z.int().nonnegative().optional(),
    })
    .optional(),
  /** It takes PDF documents. Their tokens are counted by the provider before each call. */
  documents: z.boolean().optional(),
  /** The provider may withdraw the model at short notice. */
  preview: z.boolean().optional(),
  /** The day on which the provider retires the model. */
  deprecationDate: z.iso.date().optional(),
  /** Why a field differs from LiteLLM's price list, by the name that `models:refresh` prints. */
  reasons: z.record(z.string(), z.string().min(20)).optional(),
});

const route = z.strictObject({
  /** The kinds of query that the agent sends here. */
  queryTypes: z.array(z.enum(QUERY_TYPES)),
  variants: z.array(z.strictObject({ model: z.string(), weight: z.int().positive() })).nonempty(),
  /** Models tried in this order when the route's own fail. */
  fallbacks: z.array(z.string()).nonempty(),
  /** Output tokens of a call that names no limit. */
  defaultMaxTokens: tokens,
});

const retention = z.strictObject({
  metrics: days,
  logs: days,
  traces: days,
  callMonths: z
    .int()
    .min(1, "keep at least 1 month besides the current one")
    .max(999, "keep at most 999 months"),
});

const gateway = z.strictObject({
  requestTimeout: seconds,
  retries: z.int().nonnegative(),
  cacheTtl: seconds,
  holdLease: seconds,
  settleMargin: seconds,
  tokenWait: seconds,
  holdWait: seconds,
  customerCalls: count,
  customerQueue: count,
  queueWait: seconds,
  workerBytes: count,
});

const shape = z.strictObject({
  tiers: z.record(z.string().regex(/^tier_[1-9]$/), tier),
  fleet,
  billing,
  session,
  thresholds: z.array(threshold),
  models: z.record(z.string(), model),
  routes: z.record(z.string(), route),
  retention,
  gateway,
});

/** Rules between fields; a finding names the field, the value and the remedy. */
export const definitionsSchema = shape.superRefine((definitions, context) => {
  const problem = (path: PropertyKey[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  const { tiers, fleet, session, thresholds, models, routes, gateway } = definitions;

  const inOrder = (path: PropertyKey[], amounts: [string, NanoDollars][]) => {
    for (const [i, [field, amount]] of amounts.entries()) {
      const [above, most] = amounts[i + 1] ?? ["", Infinity];
      if (amount > most) {
        problem([...path, field], `${formatUsd(amount)} is above the ${above} ${formatUsd(most)}: lower it`);
      }
    }
  };
  inOrder(
    ["fleet"],
    [
      ["hourlyBudget", fleet.hourlyBudget],
      ["dailyBudget", fleet.dailyBudget],
    ],
  );
  if (fleet.hourlyBudget < 100 * session.budget) {
    problem(
      ["fleet", "hourlyBudget"],
      `${formatUsd(fleet.hourlyBudget)} is below 100 sessions' budgets, ${formatUsd(100 * session.budget)}: raise it, or calls wait for each other at the fleet's counter`,
    );
  }
  for (const name of new Set([...Object.keys(tiers), ...Object.keys(fleet.customers)])) {
    if (!tiers[name] || fleet.customers[name] === undefined) {
      problem(["fleet", "customers", name], `name each tier once: ${Object.keys(tiers).join(", ")}`);
    }
  }

  for (const [name, { price, monthlyBudget, dailyBudget, hourlyBudget, degradeTo }] of Object.entries(
    tiers,
  )) {
    if (monthlyBudget >= price) {
      problem(
        ["tiers", name, "monthlyBudget"],
        `${formatUsd(monthlyBudget)} is not below the tier's price ${formatUsd(price)}: lower the budget or raise the price`,
      );
    }
    if (session.budget >= monthlyBudget) {
      problem(
        ["session", "budget"],
        `${formatUsd(session.budget)} is not below the monthly budget ${formatUsd(monthlyBudget)} of ${name}: lower it`,
      );
    }
    inOrder(
      ["tiers", name],
      [
        ["hourlyBudget", hourlyBudget],
        ["dailyBudget", dailyBudget],
        ["monthlyBudget", monthlyBudget],
      ],
    );
    if (session.budget > hourlyBudget) {
      problem(
        ["tiers", name, "hourlyBudget"],
        `${formatUsd(hourlyBudget)} is below the session's budget ${formatUsd(session.budget)}: raise it`,
      );
    }
    if (!routes[degradeTo]) {
      problem(
        ["tiers", name, "degradeTo"],
        `"${degradeTo}" is not a route: use one of ${Object.keys(routes).join(", ")}`,
      );
    }
  }
  if (session.runawayAt >= session.budget) {
    problem(
      ["session", "runawayAt"],
      `${formatUsd(session.runawayAt)} is not below the session's budget ${formatUsd(session.budget)}: lower it`,
    );
  }

  const actions = thresholds.map(({ action }) => action);
  if (actions.join() !== THRESHOLD_ACTIONS.join()) {
    problem(
      ["thresholds"],
      `the actions are ${actions.join(", ") || "none"}: list each of ${THRESHOLD_ACTIONS.join(", ")} once, in this order`,
    );
  }
  thresholds.forEach(({ percent }, i) => {
    const before = thresholds[i - 1];
    if (before && percent <= before.percent) {
      problem(
        ["thresholds", i, "percent"],
        `${percent} is not above ${before.percent} before it: put them in ascending order`,
      );
    }
  });

  for (const [name, definition] of Object.entries(models)) {
    checkModel(definition, (path, message) => problem(["models", name, ...path], message), name);
  }

  for (const queryType of QUERY_TYPES) {
    const on = Object.entries(routes).flatMap(([name, { queryTypes }]) =>
      queryTypes.includes(queryType) ? [name] : [],
    );
    if (on.length !== 1) {
      problem(
        ["routes"],
        `${queryType} must be on exactly one route, and is on ${on.join(" and ") || "none"}: name it in the queryTypes of one`,
      );
    }
  }
  for (const [name, { variants, fallbacks }] of Object.entries(routes)) {
    const providers = new Set(variants.map((variant) => models[variant.model]?.provider));
    variants.forEach(({ model }, i) => {
      const path = ["routes", name, "variants", i, "model"];
      if (!models[model]) {
        problem(path, `"${model}" has no price: add it to models, or name one that is there`);
      } else if (models[model].embedding) {
        problem(path, `"${model}" makes embeddings: name a model that answers in text`);
      }
    });
    fallbacks.forEach((model, i) => {
      const fallback = models[model];
      if (!fallback) {
        problem(
          ["routes", name, "fallbacks", i],
          `"${model}" has no price: add it to models, or name one that is there`,
        );
      } else if (fallback.embedding) {
        problem(
          ["routes", name, "fallbacks", i],
          `"${model}" makes embeddings: name a model that answers in text`,
        );
      } else if (providers.has(fallback.provider)) {
        problem(
          ["routes", name, "fallbacks", i],
          `"${model}" is at ${fallback.provider} like the route's own models: name a model of another provider`,
        );
      }
    });
  }

  const longestCall = gateway.requestTimeout * (1 + gateway.retries) * 2;
  if (gateway.holdLease <= longestCall + gateway.settleMargin) {
    problem(
      ["gateway", "holdLease"],
      `${gateway.holdLease} s is not longer than the longest call (${longestCall} s with retries and a fallback) and the margin to settle it (${gateway.settleMargin} s): raise it`,
    );
  }
});

function checkModel(
  {
    provider,
    price,
    longPrompts = [],
    maxPromptTokens,
    maxOutputTokens,
    embedding,
    promptCache,
    images,
    documents,
    preview,
    regionalUpliftPercent,
  }: ModelInput,
  problem: (path: PropertyKey[], message: string) => void,
  name: string,
): void {
  const prices: [PropertyKey[], Price][] = [
    [["price"], price],
    ...longPrompts.map((long, i): [PropertyKey[], Price] => [["longPrompts", i], long]),
  ];
  for (const [path, { input, cacheRead, cacheWrite5m, cacheWrite1h }] of prices) {
    if (cacheRead > input) {
      problem([...path, "cacheRead"], `${cacheRead} is above the input price ${input}: lower it`);
    }
    if (cacheWrite5m < input) {
      problem([...path, "cacheWrite5m"], `${cacheWrite5m} is below the input price ${input}: raise it`);
    }
    if (cacheWrite1h < cacheWrite5m) {
      problem(
        [...path, "cacheWrite1h"],
        `${cacheWrite1h} is below the price of a five-minute write ${cacheWrite5m}: raise it`,
      );
    }
  }
  longPrompts.forEach(({ above }, i) => {
    const before = longPrompts[i - 1]?.above ?? 0;
    if (above <= before) {
      problem(
        ["longPrompts", i, "above"],
        `${above} is not above ${before} before it: put them in ascending order`,
      );
    }
    if (above >= maxPromptTokens) {
      problem(
        ["longPrompts", i, "above"],
        `no prompt is that long, the longest has ${maxPromptTokens} tokens: raise maxPromptTokens or remove the price`,
      );
    }
  });
  if (embedding ? maxOutputTokens > 0 : maxOutputTokens === 0) {
    problem(
      ["maxOutputTokens"],
      embedding ? "an embedding has no output tokens: set it to 0" : "set it to 1 or above",
    );
  }
  if (embedding && price.output > 0) {
    problem(["price", "output"], "an embedding has no output tokens: set it to 0");
  }
  if (embedding && provider === "anthropic") {
    problem(["embedding"], "Anthropic has no embedding models: name another provider");
  }
  if (promptCache && provider !== "anthropic") {
    problem(
      ["promptCache"],
      `${provider} caches by itself: remove it, only anthropic takes marks for its cache`,
    );
  }
  if (documents && provider === "self_hosted") {
    problem(["documents"], `only anthropic and vertex count a document's tokens: remove it`);
  }
  if (images && images.tile === undefined && (images.tileTokens ?? images.base) !== undefined) {
    problem(["images", "tile"], `tileTokens and base belong to a tile: set its size in pixels`);
  }
  if (regionalUpliftPercent !== undefined && provider !== "vertex") {
    problem(["regionalUpliftPercent"], `only Vertex AI has locations: remove it`);
  }
  if (/preview|experimental|-exp\b/.test(name) && !preview) {
    problem(["preview"], `"${name}" is a preview by its name: set preview to true`);
  }
}

export type Definitions = z.output<typeof definitionsSchema>;
export type TierInput = z.input<typeof tier>;
export type FleetInput = z.input<typeof fleet>;
export type BillingInput = z.input<typeof billing>;
export type SessionInput = z.input<typeof session>;
export type ThresholdInput = z.input<typeof threshold>;
export type ModelInput = z.input<typeof model>;
export type Price = z.output<typeof price>;
export type RouteInput = z.input<typeof route>;
export type RetentionInput = z.input<typeof retention>;
export type GatewayInput = z.input<typeof gateway>;

/** Definitions that must not be used: each line of the message is a field, the value there and the remedy. */
export class DefinitionError extends Error {
  constructor(error: z.ZodError, input: unknown) {
    const lines = error.issues.map(({ path, message }) => {
      const value = path.reduce<unknown>(
        (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
        input,
      );
      const shown = value === undefined || typeof value === "object" ? "" : ` (is ${JSON.stringify(value)})`;
      return `  ${path.join(".")}${shown}: ${message}`;
    });
    super(`The definitions in litellm-config/ are not valid:\n${lines.join("\n")}`);
    this.name = "DefinitionError";
  }
}

/**
 * Checks definitions as a whole.
 *
 * @throws DefinitionError with every finding: field, value, remedy.
 */
export function parseDefinitions(input: unknown): Definitions {
  const result = definitionsSchema.safeParse(input);
  if (!result.success) throw new DefinitionError(result.error, input);
  return result.data;
}
