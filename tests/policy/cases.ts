import type { Resource } from "../../policies/evaluate";
import type { Environment, Props } from "../../policies/rule";
import * as types from "../../policies/infrastructure/types";
import { judge } from "./judge";

export const of = (type: string, props: Props, name = "it"): Resource => ({ type, name, props });
export const sql = (settings: Props) => of(types.SQL_INSTANCE, { settings });
export const redis = (props: Props, name = "redis") => of(types.REDIS_INSTANCE, props, name);
export const run = (name: string, props: Props) =>
  of(types.RUN_SERVICE, { name: `tollgate-${name}`, ...props }, name);
export const container = (props: Props) =>
  run("loki", { template: { containers: [{ name: "loki", ...props }] } });
export const job = (props: Props) =>
  of(types.RUN_JOB, { template: { template: { containers: [{ name: "job", ...props }] } } });
export const env = (name: string, value?: string, secretKeyRef?: Props) => ({
  envs: [{ name, value, ...(secretKeyRef ? { valueSource: { secretKeyRef } } : {}) }],
});

/** A policy, its remedy, and its cases: what is deployed, the findings, and the environment where that is not prod. */
export type PolicyCases = [string, string, [string, Resource[], string[], Environment?][]];

/** Holds each policy to the exact messages of its cases. */
export function holdTo(policies: PolicyCases[]): void {
  describe.each(policies)("%s", (policy, remedy, cases) => {
    it.each(cases)("%s", async (_, resources, findings, environment: Environment = "prod") => {
      const messages = await judge(policy, resources, environment);
      expect(messages).toEqual(findings.map((finding) => `mandatory: ${finding}. ${remedy}`));
    });
  });
}
