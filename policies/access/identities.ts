import type { PolicyResource } from "@pulumi/policy";
import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import { Instance } from "@pulumi/gcp/compute/instance";
import { budgetEnforcer } from "../../catalogue";
import type { Props } from "../known";
import { allOf, type ResourceClass } from "../rule";
import type { Grant } from "./grants";

/** The service, and the service account, that enforces the budgets. */
export const GATEWAY = `tollgate-${budgetEnforcer.name}`;

/** The machine that runs the whole stack where there is no Cloud Run. */
const MACHINE = "tollgate-machine";

/** What runs, and as whom. */
export interface Runner {
  name: string;
  /** Id of its service account or its address; none while it is known only after the update, null when none is set. */
  account: string | undefined | null;
}

/** The one service account that may call providers and read their keys: the gateway's, or that of the machine it runs on. */
export function gatewayAccount(resources: PolicyResource[]): string {
  const onCloudRun = allOf(resources, Service).some(({ props }) => props.name === GATEWAY);
  return !onCloudRun && allOf(resources, Instance).length > 0 ? MACHINE : GATEWAY;
}

/** Whether a grant is for an account and certainly for no other. */
export function isFor(account: string, { member, accounts, name }: Grant): boolean {
  if (accounts.length > 0) return accounts.every((each) => each === account);
  // A plan that knows neither address nor dependencies: the workload's name begins the binding's.
  return member === undefined && name.startsWith(`${account.replace(/^tollgate-/, "")}-`);
}

/** Everything of a stack that runs as a service account. */
export function runnersOf(resources: PolicyResource[]): Runner[] {
  const of = (resourceClass: unknown, owner: (props: Props) => Props | undefined, key: string): Runner[] =>
    allOf(resources, resourceClass as ResourceClass<Service, object>).map(({ name, props }) => {
      const holder = owner(props) ?? {};
      // The provider generates a machine's name, such as `clickhouse-347473b`: the stack's is the resource's.
      const own = resourceClass === Instance ? name : String((props as Props).name ?? name);
      return { name: own, account: key in holder ? holder[key] : null };
    });
  return [
    ...of(Service, ({ template }) => template, "serviceAccount"),
    ...of(WorkerPool, ({ template }) => template, "serviceAccount"),
    ...of(Job, ({ template }) => template?.template, "serviceAccount"),
    ...of(Instance, ({ serviceAccount }) => serviceAccount, "email"),
  ];
}
