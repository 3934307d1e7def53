import { usd } from "../../litellm-config";
import { deployedTiers, economics } from "../../infra/cost/economics";
import { fixed, range } from "../../infra/cost/range";

const TIERS = {
  tier_1: { price: usd("49"), llmCap: usd("8") },
  tier_3: { price: usd("199"), llmCap: usd("35") },
};
const CUSTOMERS = { tier_1: range(1, 10, 20), tier_3: range(0, 5, 10) };

describe("unit economics", () => {
  const found = economics(TIERS, CUSTOMERS, fixed(usd("1000")))!;

  it("reports what a customer of each tier leaves and how many of them pay for the infrastructure", () =>
    // $49 - $8 = $41: 1000 / 41 = 24.4; $199 - $35 = $164: 1000 / 164 = 6.1.
    expect(found.tiers).toMatchObject([
      { tier: "tier_1", contribution: usd("41"), breakEven: 25 },
      { tier: "tier_3", contribution: usd("164"), breakEven: 7 },
    ]));

  it("sets revenue against LLM cost at cap and infrastructure", () =>
    // 10 x 49 + 5 x 199 = 1,485; 10 x 8 + 5 x 35 = 255; 1,485 - 255 - 1,000 = 230; 1,000 / 15 = 66.67.
    expect(found.cases.expected).toEqual({
      customers: 15,
      revenue: usd("1485"),
      llmAtCap: usd("255"),
      infrastructure: usd("1000"),
      margin: usd("230"),
      infrastructurePerCustomer: 66_666_666_667,
    }));

  it("shows a loss as one", () =>
    // 49 - 8 - 1,000.
    expect(found.cases.low.margin).toBe(-usd("959")));

  it("counts the customers that break even in the mix", () =>
    // 15 customers leave 10 x 41 + 5 x 164 = 1,230, one 82: 1,000 / 82 = 12.2.
    expect(found.breakEven).toBe(13));

  it("is nothing without customers", () =>
    expect(economics(TIERS, { tier_1: fixed(0) }, fixed(usd("1000")))).toBeNull());

  it("refuses a tier that can only lose", () =>
    expect(() => economics({ tier_1: { price: 1, llmCap: 1 } }, CUSTOMERS, fixed(1))).toThrow(
      "tier_1: the LLM budget is not below the price. Correct litellm-config/definitions/tiers.ts",
    ));

  it("reads prices and budgets as a stack deploys them", () => {
    const content = JSON.stringify({ tiers: { tier_1: { price_nanos: 49, budget_nanos: 8 } } });
    const file = (name: string) => ({
      type: "gcp:storage/bucketObject:BucketObject",
      name,
      inputs: { name, content },
    });
    expect(deployedTiers([file("gateway/abc/guard.json")])).toEqual({ tier_1: { price: 49, llmCap: 8 } });
    expect(deployedTiers([file("gateway/abc/config.yaml")])).toEqual({});
  });
});
