import * as pulumi from "@pulumi/pulumi";
import type { Resource } from "../../policies/evaluate";
import { judge } from "../policy/judge";
import { container, run } from "./support";

const REMEDY =
  "See where it goes with `npm run cost -- --stack STACK`, then make it cheaper or raise tollgate:monthlyCostCeiling";

/**
 * One service on one instance in dev: $47.304 of CPU and $2.628 of memory. What every stack pays for comes to it: $0.36 to the
 * internet, $0.60 and $0.20 for buckets' writes and reads, $0.06 for secrets, $1.20 for DNS; logs are within the free 50 GiB.
 */
const { inputs, ...loki } = run("loki", [container({ name: "loki" })]);
const RESOURCES: Resource[] = [{ ...loki, props: inputs }];
const FINDING =
  "The infrastructure is expected to cost $52.35 a month ($46.12 to $60.73), over the ceiling of";

function withCeiling(dollars: string | undefined): void {
  pulumi.runtime.setAllConfig(dollars === undefined ? {} : { "tollgate:monthlyCostCeiling": dollars });
}

describe("the policy on the cost", () => {
  it("passes at the ceiling", async () => {
    withCeiling("52.352");
    expect(await judge("cost-ceiling", RESOURCES)).toEqual([]);
  });

  it("stops a prod preview over the stack's ceiling, with the figures and a remedy", async () => {
    withCeiling("52");
    expect(await judge("cost-ceiling", RESOURCES)).toEqual([`mandatory: ${FINDING} $52.00. ${REMEDY}`]);
    withCeiling("52.351");
    expect(await judge("cost-ceiling", RESOURCES)).toHaveLength(1);
  });

  it("only warns in dev", async () => {
    withCeiling("52");
    expect(await judge("cost-ceiling", RESOURCES, "dev")).toEqual([`advisory: ${FINDING} $52.00. ${REMEDY}`]);
  });

  it("goes by the pack's own setting before the stack's", async () => {
    withCeiling("52");
    const settings = (maxDollars: number) => ({ "cost-ceiling": { maxDollars } });
    expect(await judge("cost-ceiling", RESOURCES, "prod", settings(60))).toEqual([]);
    expect(await judge("cost-ceiling", RESOURCES, "prod", settings(20))).toEqual([
      `mandatory: ${FINDING} $20.00. ${REMEDY}`,
    ]);
  });

  it("does not take a missing ceiling for none", async () => {
    withCeiling(undefined);
    expect(await judge("cost-ceiling", RESOURCES)).toEqual([
      `mandatory: tollgate:monthlyCostCeiling is not set. ${REMEDY}`,
    ]);
  });

  it("does not take a resource without a price for free", async () => {
    withCeiling("60");
    const unknown = { type: "gcp:bigtable/instance:Instance", name: "new", props: {} };
    expect(await judge("cost-ceiling", [...RESOURCES, unknown])).toEqual([
      `mandatory: The cost is not known: gcp:bigtable/instance:Instance new: type "gcp:bigtable/instance:Instance" has no price. Give it a rate or say why it is free in infra/cost/rates/index.ts. ${REMEDY}`,
    ]);
  });
});
