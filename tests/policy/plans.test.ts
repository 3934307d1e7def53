import { plan, STACKS, type Plan } from "../../infra/plan";
import { judgePlan } from "../../policies/judge-plan";

describe.each(STACKS)("the stack %s", (stack) => {
  let planned: Plan;
  beforeAll(async () => {
    planned = await plan(stack);
  });

  it("violates no policy, and is warned of nothing", async () =>
    expect(await judgePlan(planned)).toEqual([]));

  it("would be refused with a budget over its tier's price", async () => {
    const resources = planned.resources.map((resource) =>
      /^gateway\/.+\/guard\.json$/.test(resource.name)
        ? {
            ...resource,
            inputs: {
              ...resource.inputs,
              content: String(resource.inputs.content).replace(
                '"budget_nanos": 8000000000',
                '"budget_nanos": 48000000000',
              ),
            },
          }
        : resource,
    );
    expect(await judgePlan({ ...planned, resources })).toEqual([
      expect.objectContaining({ policy: "budget-share-of-price", level: "mandatory" }),
      // The fleet's daily budget no longer reaches for it either, and the file is not what was rendered under its name.
      expect.objectContaining({ policy: "fleet-and-daily-budgets", level: "mandatory" }),
      expect.objectContaining({ policy: "configuration-addressed", level: "mandatory" }),
      expect.objectContaining({ policy: "configuration-as-rendered", level: "mandatory" }),
      expect.objectContaining({ policy: "gateway-as-rendered", level: "mandatory" }),
    ]);
  });
});
