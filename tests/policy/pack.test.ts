import * as pulumi from "@pulumi/pulumi";
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
      "database-dedicated": "disabled",
      "deletion-protection": "disabled",
      "fallback-lasting": "advisory",
      "high-availability": "disabled",
      "images-by-digest": "advisory",
      labels: "advisory",
    });
  });

  describe("checks a stack", () => {
    afterEach(() => pulumi.runtime.setAllConfig({}));

    it.each([
      ["dev", {}, "dev"],
      ["acme/tollgate/dev", {}, "dev"],
      ["prod", {}, "prod"],
      ["staging", {}, "prod"],
      ["dev/prod", {}, "prod"],
      ["staging", { "tollgate:class": "dev" }, "dev"],
      ["staging", { "tollgate:environment": "dev" }, "dev"],
      ["dev", { "tollgate:class": "prod" }, "prod"],
      ["dev", { "tollgate:environment": "prod" }, "prod"],
      ["prod", { "tollgate:class": "dev" }, "prod"],
      ["prod", { "tollgate:environment": "dev" }, "prod"],
    ])("%s with %j as %s", (stack, settings, environment) => {
      pulumi.runtime.setAllConfig(settings);
      expect(environmentOf(stack)).toBe(environment);
    });
  });

  it("reports an advisory finding as such", async () =>
    expect(
      await judge("labels", [{ type: "gcp:storage/bucket:Bucket", name: "b", props: {} }], "dev"),
    ).toEqual([expect.stringMatching(/^advisory: The labels lack/)]));
});
