import { environmentOf, policiesFor, rules } from "../../policies/pack";
import { judge } from "./judge";

describe("the pack", () => {
  it("has each policy once, and each says what holds, how bad it is and what to do", () => {
    const names = rules.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const policy of policiesFor("prod")) {
      expect(policy).toMatchObject({
        description: expect.stringMatching(/^[A-Z].+\.$/),
        severity: expect.stringMatching(/^(low|medium|high|critical)$/),
        remediationSteps: expect.stringMatching(/^[A-Z].+[^.]$/),
      });
    }
  });

  it("enforces everything in prod, and warns of what a provider plans", () => {
    const mild = policiesFor("prod").filter(({ enforcementLevel }) => enforcementLevel !== "mandatory");
    expect(mild.map(({ name, enforcementLevel }) => [name, enforcementLevel])).toEqual([
      ["fallback-lasting", "advisory"],
    ]);
  });

  it("is milder in dev only where a mistake costs little", () => {
    const mild = policiesFor("dev").filter(({ enforcementLevel }) => enforcementLevel !== "mandatory");
    expect(Object.fromEntries(mild.map(({ name, enforcementLevel }) => [name, enforcementLevel]))).toEqual({
      "cache-expires": "advisory",
      "cost-ceiling": "advisory",
      "deletion-protection": "disabled",
      "fallback-lasting": "advisory",
      "high-availability": "disabled",
      "images-by-digest": "advisory",
      labels: "advisory",
    });
  });

  it.each([
    ["dev", "dev"],
    ["acme/tollgate/dev", "dev"],
    ["prod", "prod"],
    ["staging", "prod"],
    ["dev/prod", "prod"],
  ])("judges the stack %s as %s", (stack, environment) => expect(environmentOf(stack)).toBe(environment));

  it("reports an advisory finding as such", async () =>
    expect(
      await judge("labels", [{ type: "gcp:storage/bucket:Bucket", name: "b", props: {} }], "dev"),
    ).toEqual([expect.stringMatching(/^advisory: The labels lack/)]));
});
