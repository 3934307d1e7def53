import { usd } from "../../litellm-config";
import type { GuardConfig } from "../../litellm-config/render/guard";
import { deployed, file } from "./guard-files";
import { judge } from "./judge";

const DEFINITIONS = "litellm-config/definitions";
const REMEDIES: Record<string, string> = {
  "budget-share-of-price": `Lower the tier's monthlyBudget or raise its price in ${DEFINITIONS}/tiers.ts`,
  "session-budget": `Lower session.budget in ${DEFINITIONS}/session.ts`,
  "session-rate": `Lower the limit in ${DEFINITIONS}/session.ts`,
  "thresholds-complete": `Write 50 log, 80 notify, 95 degrade, 100 block in ${DEFINITIONS}/thresholds.ts`,
  "models-priced": `Give the model its provider's list price in ${DEFINITIONS}/models.ts`,
  "degrade-cheaper": `Name a cheaper model in the degrade route of ${DEFINITIONS}/routes.ts`,
  "fallback-elsewhere": `Add a model of another provider to the route's fallbacks in ${DEFINITIONS}/routes.ts`,
};

describe.each([
  "budget-share-of-price",
  "fleet-and-daily-budgets",
  "session-budget",
  "session-rate",
  "thresholds-complete",
  "models-priced",
  "degrade-cheaper",
  "fallback-elsewhere",
])("%s", (policy) => {
  it("passes the definitions", async () => expect(await judge(policy, deployed())).toEqual([]));

  it("looks at the guard's file only", async () =>
    expect(await judge(policy, [file("other.json", "not even JSON")])).toEqual([]));
});

describe("a limit of a day or an hour that must not be deployed", () => {
  // 200 x $8 + 100 x $18 + 30 x $35 are $4,450 of budgets a month, and $25,670 of revenue.
  it.each<[string, (guard: GuardConfig) => void, string | undefined]>([
    ["just the fleet's need", ({ fleet }) => (fleet.daily_nanos = Math.ceil(usd("4450") / 30)), undefined],
    [
      "below the fleet's need",
      ({ fleet }) => (fleet.daily_nanos = Math.ceil(usd("4450") / 30) - 1),
      "The fleet's daily budget $148.333333333 is below the $148.333333334 a day of its customers' budgets",
    ],
    [
      "just half of the revenue",
      ({ fleet }) => (fleet.daily_nanos = Math.floor(usd("25670") / 60)),
      undefined,
    ],
    [
      "over half of the revenue",
      ({ fleet }) => (fleet.daily_nanos = Math.floor(usd("25670") / 60) + 1),
      "The fleet's daily budget $427.833333334 is over 50 % of its customers' revenue, $855.666666666 a day",
    ],
    ["half of a month in a day", ({ tiers }) => (tiers.tier_1!.daily_nanos = usd("4")), undefined],
    [
      "more than half of a month in a day",
      ({ tiers }) => (tiers.tier_1!.daily_nanos = usd("4") + 1),
      "tier_1's daily budget $4.000000001 is not between a thirtieth and half of its monthly budget $8.00",
    ],
    [
      "less than a thirtieth of a month in a day",
      ({ tiers }) => {
        tiers.tier_3!.daily_nanos = usd("1.16");
        tiers.tier_3!.hourly_nanos = usd("1.16");
      },
      "tier_3's daily budget $1.16 is not between a thirtieth and half of its monthly budget $35.00",
    ],
    [
      "an hour above the day",
      ({ tiers }) => (tiers.tier_2!.hourly_nanos = usd("4.50") + 1),
      "tier_2's hourly budget $4.500000001 is not between a session's $0.50 and its daily budget $4.50",
    ],
    [
      "an hour below a session",
      ({ tiers }) => (tiers.tier_2!.hourly_nanos = usd("0.50") - 1),
      "tier_2's hourly budget $0.499999999 is not between a session's $0.50 and its daily budget $4.50",
    ],
    [
      "an hour of the fleet above its day",
      ({ fleet }) => (fleet.hourly_nanos = usd("300") + 1),
      "The fleet's hourly budget $300.000000001 is not between a session's $0.50 and its daily budget $300.00",
    ],
    [
      "no degradation before the refusal",
      ({ fleet }) => (fleet.degrade_at_percent = 100),
      "Calls are refused before any goes to the cheaper route: fleet.degrade_at_percent is not below 100",
    ],
    [
      "no number",
      ({ fleet }) => (fleet.degrade_at_percent = "80 %" as unknown as number),
      "Calls are refused before any goes to the cheaper route: fleet.degrade_at_percent is not below 100",
    ],
  ])("%s", async (_, change, finding) => {
    const found = await judge("fleet-and-daily-budgets", deployed(change));
    expect(found).toEqual(
      finding === undefined
        ? []
        : [
            `mandatory: ${finding}. Change dailyBudget or hourlyBudget in litellm-config/definitions/fleet.ts or tiers.ts`,
          ],
    );
  });
});

describe("a budget that must not be deployed", () => {
  it.each<[string, string, (guard: GuardConfig) => void, string[]]>([
    [
      "over 20 % of the price",
      "budget-share-of-price",
      ({ tiers }) => (tiers.tier_2!.budget_nanos = usd("19.80") + 1),
      ["tier_2's budget $19.800000001 is over 20 % of its price $99.00"],
    ],
    [
      "at 20 % of the price",
      "budget-share-of-price",
      ({ tiers }) => (tiers.tier_2!.budget_nanos = usd("19.80")),
      [],
    ],
    [
      "a session over $0.50",
      "session-budget",
      ({ session }) => (session.budget_nanos = usd("0.50") + 1),
      [`The session budget $0.500000001 is over $0.50`],
    ],
    [
      "a session at the smallest month",
      "session-budget",
      ({ tiers }) => (tiers.tier_1!.budget_nanos = usd("0.50")),
      [`The session budget $0.50 is not below the smallest monthly budget $0.50`],
    ],
    [
      "a session just below the smallest month",
      "session-budget",
      ({ tiers }) => (tiers.tier_1!.budget_nanos = usd("0.50") + 1),
      [],
    ],
    [
      "more tokens a minute",
      "session-rate",
      ({ session }) => (session.tokens_per_minute = 50_001),
      ["50001 tokens a minute are over 50000"],
    ],
    [
      "more calls",
      "session-rate",
      ({ session }) => (session.calls = 101),
      ["101 calls a session are over 100"],
    ],
    [
      "thresholds out of order",
      "thresholds-complete",
      ({ thresholds }) => thresholds.reverse(),
      ["The thresholds are 100 block, 95 degrade, 80 notify, 50 log"],
    ],
    ["no thresholds", "thresholds-complete", (guard) => (guard.thresholds = []), ["The thresholds are none"]],
    [
      "an unpriced variant and a free fallback",
      "models-priced",
      ({ routes, models }) => {
        routes.deep!.variants.push("gpt-x");
        models["claude-haiku-4-5"]!.output_nanos = 0;
      },
      ["claude-haiku-4-5 has output_nanos 0", "gpt-x is on a route and has no price"],
    ],
    [
      "a model without an input price that no route names",
      "models-priced",
      ({ models }) => (models.spare = { ...models["claude-haiku-4-5"]!, input_nanos: -1 }),
      ["spare has input_nanos -1"],
    ],
    [
      "an embedding model without an input price",
      "models-priced",
      ({ models }) => (models["gemini-embedding-001"]!.input_nanos = 0),
      ["gemini-embedding-001 has input_nanos 0"],
    ],
    [
      "an invalid price of long prompts",
      "models-priced",
      ({ models }) => (models["claude-haiku-5-5"]!.long_prompts[0]!.input_nanos = 0),
      ["claude-haiku-5-5 has input_nanos 0 for prompts above 100000 tokens"],
    ],
    [
      "a degrade model that costs more for long prompts",
      "degrade-cheaper",
      ({ models }) => (models["claude-haiku-5-5"]!.long_prompts[0]!.output_nanos = 3_750),
      ["claude-haiku-5-5 of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade model that costs more for prompts which make the other cheaper",
      "degrade-cheaper",
      ({ models }) => {
        const flash = models["gemini-3.8-flash"]!;
        flash.long_prompts = [{ ...flash, above_tokens: 50_000, input_nanos: 100 }];
      },
      ["claude-haiku-5-5", "gemini-3.5-flash-lite"]
        .toReversed()
        .map((model) => `${model} of the degrade route economy is not cheaper than gemini-3.8-flash`),
    ],
    [
      "a degrade model as expensive as what it replaces",
      "degrade-cheaper",
      ({ routes }) => (routes.economy!.fallbacks = ["gemini-3.8-flash"]),
      ["gemini-3.8-flash of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade model that is cheaper in and more expensive out",
      "degrade-cheaper",
      ({ models }) => (models["gemini-3.5-flash-lite"]!.output_nanos = 3_750),
      ["gemini-3.5-flash-lite of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade model that is more expensive in and cheaper out",
      "degrade-cheaper",
      ({ models }) => (models["gemini-3.5-flash-lite"]!.input_nanos = 750),
      ["gemini-3.5-flash-lite of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade model without a price",
      "degrade-cheaper",
      ({ routes }) => {
        routes.economy!.variants = ["gpt-x"];
        routes.analysis!.variants = [];
        routes.deep!.variants = [];
      },
      ["gpt-x of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade model for an unpriced one",
      "degrade-cheaper",
      ({ routes, models }) => {
        routes.economy!.fallbacks = [];
        delete models["gemini-3.8-flash"];
      },
      ["gemini-3.5-flash-lite of the degrade route economy is not cheaper than gemini-3.8-flash"],
    ],
    [
      "a degrade route that does not exist",
      "degrade-cheaper",
      ({ tiers }) => (tiers.tier_3!.degrade_to = "cheap"),
      ["The degrade route cheap does not exist"],
    ],
    [
      "fallbacks at the route's own provider",
      "fallback-elsewhere",
      ({ routes }) => (routes.analysis!.fallbacks = ["claude-haiku-4-5"]),
      ["The route analysis has no fallback at another provider"],
    ],
    [
      "no fallback that is known",
      "fallback-elsewhere",
      ({ routes }) => (routes.simple!.fallbacks = ["gpt-x"]),
      ["The route simple has no fallback at another provider"],
    ],
    [
      "one fallback at the own provider and one elsewhere",
      "fallback-elsewhere",
      ({ routes }) => (routes.analysis!.fallbacks = ["claude-haiku-4-5", "gemini-3.8-flash"]),
      [],
    ],
  ])("%s", async (_, policy, change, findings) =>
    expect(await judge(policy, deployed(change))).toEqual(
      findings.map((finding) => `mandatory: ${finding}. ${REMEDIES[policy]}`),
    ),
  );

  it("is checked by the pack's settings", async () => {
    expect(
      await judge("budget-share-of-price", deployed(), "prod", {
        "budget-share-of-price": { maxSharePercent: 17 },
      }),
    ).toHaveLength(2);
    expect(
      await judge("session-budget", deployed(), "prod", { "session-budget": { maxDollars: "0.40" } }),
    ).toEqual([`mandatory: The session budget $0.50 is over $0.40. ${REMEDIES["session-budget"]}`]);
    expect(
      await judge("session-rate", deployed(), "dev", {
        "session-rate": { maxTokensPerMinute: 49_999, maxCalls: 99 },
      }),
    ).toHaveLength(2);
  });
});

describe("fallback-lasting", () => {
  const remedy =
    "Add a generally available model to the route's fallbacks in litellm-config/definitions/routes.ts, or replace the fallback";
  const day = (days: number) => new Date(Date.now() + days * 24 * 3_600_000).toISOString().slice(0, 10);
  const haiku = (date: string | null) => (guard: GuardConfig) => {
    for (const route of Object.values(guard.routes)) route.fallbacks = ["claude-haiku-4-5"];
    guard.routes = { simple: guard.routes.simple! };
    guard.models["claude-haiku-4-5"]!.deprecation_date = date;
  };

  it.each<[string, (guard: GuardConfig) => void, string[]]>([
    ["a fallback that lasts", haiku(null), []],
    ["one that is retired later", haiku(day(61)), []],
    [
      "one that is retired soon",
      haiku(day(60)),
      [
        `The route simple falls back to nothing that lasts: claude-haiku-4-5 is retired on ${day(60)}, in 60 days`,
      ],
    ],
    [
      "one that is retired already",
      haiku(day(-1)),
      [`The route simple falls back to nothing that lasts: claude-haiku-4-5 was retired on ${day(-1)}`],
    ],
    [
      "a preview, and one that is not known",
      (guard) => {
        guard.routes = {
          analysis: { ...guard.routes.analysis!, fallbacks: ["gemini-3.1-pro-preview", "gpt-x"] },
        };
      },
      [
        "The route analysis falls back to nothing that lasts: gemini-3.1-pro-preview is a preview, and gpt-x is not known",
      ],
    ],
    [
      "a preview with one that lasts",
      (guard) => {
        for (const route of Object.values(guard.routes))
          route.fallbacks = ["gemini-3.1-pro-preview", "gemini-3.8-flash"];
      },
      [],
    ],
  ])("%s", async (_, change, findings) => {
    for (const environment of ["dev", "prod"] as const) {
      expect(await judge("fallback-lasting", deployed(change), environment)).toEqual(
        findings.map((finding) => `advisory: ${finding}. ${remedy}`),
      );
    }
  });

  it("takes the days from the pack's settings", async () => {
    const settings = { "fallback-lasting": { withinDays: 90 } };
    expect(await judge("fallback-lasting", deployed(haiku(day(61))), "prod", settings)).toHaveLength(1);
  });

  it("finds a model that lasts behind each of the product's routes", async () =>
    expect(await judge("fallback-lasting", deployed())).toEqual([]));
});
