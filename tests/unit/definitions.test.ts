import { definitions, parseDefinitions, usd, type Definitions } from "../../litellm-config";

/** The definitions with one change, so that each test shows just what it breaks. */
function changed(change: (copy: Definitions) => void): Definitions {
  const copy = structuredClone(definitions);
  change(copy);
  return copy;
}

describe("the product's numbers", () => {
  it.each([
    ["tier_1", "49", "8"],
    ["tier_2", "99", "18"],
    ["tier_3", "199", "35"],
  ])("%s sells at $%s and may cost $%s", (tier, price, budget) =>
    expect(definitions.tiers[tier]).toMatchObject({ price: usd(price), monthlyBudget: usd(budget) }),
  );

  it("caps a session at $0.50, 50,000 tokens a minute and 100 calls", () =>
    expect(definitions.session).toMatchObject({ budget: usd("0.50"), tokensPerMinute: 50_000, calls: 100 }));

  it("acts at 50, 80, 95 and 100 percent", () =>
    expect(definitions.thresholds.map(({ percent, action }) => `${percent} ${action}`)).toEqual([
      "50 log",
      "80 notify",
      "95 degrade",
      "100 block",
    ]));

  it("keeps metrics 15, logs 7 and traces 90 days, and calls for 13 months", () =>
    expect(definitions.retention).toEqual({ metrics: 15, logs: 7, traces: 90, callMonths: 13 }));

  it("sends each kind of query to one route", () => {
    const types = Object.values(definitions.routes).flatMap(({ queryTypes }) => queryTypes);
    expect([...types].sort()).toEqual(["action", "cost_analysis", "recommendation", "simple_lookup"]);
  });
});

describe("definitions that must not be used name the field, the value and the remedy", () => {
  it.each<[string, (copy: Definitions) => void, RegExp]>([
    [
      "a tier's budget at its price",
      (copy) => (copy.tiers.tier_1!.monthlyBudget = usd("49")),
      /tiers\.tier_1\.monthlyBudget \(is 49000000000\): \$49\.00 is not below the tier's price \$49\.00: lower the budget/,
    ],
    [
      "an hour's budget above the day's",
      (copy) => (copy.tiers.tier_1!.hourlyBudget = usd("2.01")),
      /tiers\.tier_1\.hourlyBudget \(is 2010000000\): \$2\.01 is above the dailyBudget \$2\.00: lower it/,
    ],
    [
      "a day's budget above the month's",
      (copy) => (copy.tiers.tier_1!.dailyBudget = usd("8.01")),
      /tiers\.tier_1\.dailyBudget \(is 8010000000\): \$8\.01 is above the monthlyBudget \$8\.00: lower it/,
    ],
    [
      "an hour's budget that is not enough for a session",
      (copy) => (copy.tiers.tier_1!.hourlyBudget = usd("0.49")),
      /tiers\.tier_1\.hourlyBudget \(is 490000000\): \$0\.49 is below the session's budget \$0\.50: raise it/,
    ],
    [
      "a fleet's hour above its day",
      (copy) => (copy.fleet.hourlyBudget = usd("301")),
      /fleet\.hourlyBudget \(is 301000000000\): \$301\.00 is above the dailyBudget \$300\.00: lower it/,
    ],
    [
      "a fleet's hour that is always near its end",
      (copy) => (copy.fleet.hourlyBudget = usd("49")),
      /fleet\.hourlyBudget \(is 49000000000\): \$49\.00 is below 100 sessions' budgets, \$50\.00: raise it/,
    ],
    [
      "a tier without customers in the fleet",
      (copy) => delete copy.fleet.customers.tier_3,
      /fleet\.customers\.tier_3: name each tier once: tier_1, tier_2, tier_3/,
    ],
    [
      "a negative budget",
      (copy) => (copy.tiers.tier_2!.monthlyBudget = -1),
      /tiers\.tier_2\.monthlyBudget \(is -1\): Too small/,
    ],
    [
      "a query type on no route",
      (copy) => (copy.routes.analysis!.queryTypes = []),
      /routes: cost_analysis must be on exactly one route, and is on none: name it in the queryTypes of one/,
    ],
    [
      "a query type on two routes",
      (copy) => copy.routes.economy!.queryTypes.push("action"),
      /routes: action must be on exactly one route, and is on deep and economy/,
    ],
    ["a fraction of a nano-dollar", (copy) => (copy.session.budget = 0.5), /session\.budget \(is 0\.5\)/],
    [
      "a session above a month",
      (copy) => (copy.session.budget = usd("8")),
      /session\.budget \(is 8000000000\): \$8\.00 is not below the monthly budget \$8\.00 of tier_1: lower it/,
    ],
    [
      "a runaway mark above the session's cap",
      (copy) => (copy.session.runawayAt = usd("0.60")),
      /session\.runawayAt .* \$0\.60 is not below the session's budget \$0\.50/,
    ],
    [
      "thresholds out of order",
      (copy) => (copy.thresholds[1]!.percent = 96),
      /thresholds\.2\.percent \(is 95\): 95 is not above 96 before it: put them in ascending order/,
    ],
    [
      "a threshold left out",
      (copy) => copy.thresholds.pop(),
      /thresholds: the actions are log, notify, degrade: list each of log, notify, degrade, block once/,
    ],
    [
      "a fallback without a price",
      (copy) => (copy.routes.deep!.fallbacks = ["gpt-x"]),
      /routes\.deep\.fallbacks\.0 \(is "gpt-x"\): "gpt-x" has no price: add it to models/,
    ],
    [
      "a fallback at the same provider",
      (copy) => (copy.routes.analysis!.fallbacks = ["claude-haiku-4-5"]),
      /routes\.analysis\.fallbacks\.0 .* is at anthropic like the route's own models/,
    ],
    [
      "a route to an unknown model",
      (copy) => (copy.routes.simple!.variants[0]!.model = "gemini-9"),
      /routes\.simple\.variants\.0\.model \(is "gemini-9"\): "gemini-9" has no price/,
    ],
    [
      "a degrade route that does not exist",
      (copy) => (copy.tiers.tier_3!.degradeTo = "cheap"),
      /tiers\.tier_3\.degradeTo \(is "cheap"\): "cheap" is not a route: use one of simple, analysis, deep, economy/,
    ],
    [
      "a hold that expires under a running call",
      (copy) => (copy.gateway.holdLease = 250),
      /gateway\.holdLease \(is 250\): 250 s is not longer than the longest call \(240 s .*the margin to settle it \(10 s\)/,
    ],
    [
      "a cache read above the input price",
      (copy) => (copy.models["claude-opus-5-5"]!.price.cacheRead = 4_001),
      /models\.claude-opus-5-5\.price\.cacheRead \(is 4001\): 4001 is above the input price 4000: lower it/,
    ],
    [
      "a one-hour write below a five-minute one, for long prompts",
      (copy) => (copy.models["claude-haiku-5-5"]!.longPrompts![0]!.cacheWrite1h = 624),
      /longPrompts\.0\.cacheWrite1h \(is 624\): 624 is below the price of a five-minute write 625: raise it/,
    ],
    [
      "a five-minute write below input",
      (copy) => (copy.models["gemini-3.8-flash"]!.price.cacheWrite5m = 0),
      /price\.cacheWrite5m \(is 0\): 0 is below the input price 750: raise it/,
    ],
    [
      "prices of long prompts out of order",
      (copy) => {
        const { price, longPrompts } = copy.models["claude-haiku-5-5"]!;
        longPrompts!.push({ above: 100_000, ...price });
      },
      /longPrompts\.1\.above \(is 100000\): 100000 is not above 100000 before it: put them in ascending order/,
    ],
    [
      "a price of prompts that are refused",
      (copy) => (copy.models["claude-haiku-5-5"]!.maxPromptTokens = 100_000),
      /longPrompts\.0\.above .*the longest has 100000 tokens: raise maxPromptTokens or remove the price/,
    ],
    [
      "marks for a cache that takes none",
      (copy) => (copy.models["gemini-3.8-flash"]!.promptCache = "5m"),
      /models\.gemini-3\.8-flash\.promptCache \(is "5m"\): vertex caches by itself: remove it/,
    ],
    [
      "documents at a provider that does not count them",
      (copy) => (copy.models["gemini-3.8-flash"]!.provider = "self_hosted"),
      /models\.gemini-3\.8-flash\.documents \(is true\): only anthropic and vertex count a document's tokens: remove it/,
    ],
    [
      "a price for tiles without their size",
      (copy) => (copy.models["gemini-3.8-flash"]!.images = { most: 1_445, base: 85, tileTokens: 170 }),
      /models\.gemini-3\.8-flash\.images\.tile.*tileTokens and base belong to a tile: set its size in pixels/,
    ],
    [
      "a location's price at a provider without locations",
      (copy) => (copy.models["claude-opus-5-5"]!.regionalUpliftPercent = 10),
      /regionalUpliftPercent \(is 10\): only Vertex AI has locations: remove it/,
    ],
    [
      "a preview that does not say so",
      (copy) => delete copy.models["gemini-3.1-pro-preview"]!.preview,
      /models\.gemini-3\.1-pro-preview\.preview: "gemini-3\.1-pro-preview" is a preview by its name: set preview to true/,
    ],
    [
      "a route to an embedding model",
      (copy) => (copy.routes.simple!.variants[0]!.model = "gemini-embedding-001"),
      /routes\.simple\.variants\.0\.model .* makes embeddings: name a model that answers in text/,
    ],
    [
      "a fallback to an embedding model",
      (copy) => (copy.routes.analysis!.fallbacks = ["gemini-embedding-001"]),
      /routes\.analysis\.fallbacks\.0 .* makes embeddings: name a model that answers in text/,
    ],
    [
      "an embedding with output tokens",
      (copy) => (copy.models["gemini-embedding-001"]!.maxOutputTokens = 10),
      /maxOutputTokens \(is 10\): an embedding has no output tokens: set it to 0/,
    ],
    [
      "an embedding with a price of output",
      (copy) => (copy.models["gemini-embedding-001"]!.price.output = 10),
      /price\.output \(is 10\): an embedding has no output tokens: set it to 0/,
    ],
    [
      "an embedding model at Anthropic",
      (copy) => (copy.models["gemini-embedding-001"]!.provider = "anthropic"),
      /models\.gemini-embedding-001\.embedding: Anthropic has no embedding models/,
    ],
    [
      "no output tokens of a model that answers in text",
      (copy) => (copy.models["gemini-3.8-flash"]!.maxOutputTokens = 0),
      /models\.gemini-3\.8-flash\.maxOutputTokens \(is 0\): set it to 1 or above/,
    ],
    [
      "a day that does not exist",
      (copy) => (copy.models["gemini-3.8-flash"]!.deprecationDate = "2027-02-30"),
      /deprecationDate \(is "2027-02-30"\)/,
    ],
    [
      "a reason that gives none",
      (copy) => (copy.models["gemini-3.8-flash"]!.reasons = { input: "ok" }),
      /reasons\.input \(is "ok"\)/,
    ],
    ["a tier of another name", (copy) => (copy.tiers.gold = copy.tiers.tier_1!), /tiers\.gold/],
    [
      "an unknown field",
      (copy) => Object.assign(copy.session, { cap: 1 }),
      /session: Unrecognized key: "cap"/,
    ],
  ])("%s", (_, change, message) => expect(() => parseDefinitions(changed(change))).toThrow(message));

  it("reports every finding at once", () =>
    expect(() =>
      parseDefinitions(
        changed((copy) => {
          copy.session.runawayAt = usd("0.60");
          copy.thresholds.pop();
        }),
      ),
    ).toThrow(/session\.runawayAt[\s\S]*thresholds/));
});
