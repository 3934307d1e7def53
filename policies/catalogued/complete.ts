import { Budget } from "@pulumi/gcp/billing/budget";
import { Job as Schedule } from "@pulumi/gcp/cloudscheduler/job";
import { Instance } from "@pulumi/gcp/compute/instance";
import { ProjectSink } from "@pulumi/gcp/logging/projectSink";
import { AlertPolicy } from "@pulumi/gcp/monitoring/alertPolicy";
import { NotificationChannel } from "@pulumi/gcp/monitoring/notificationChannel";
import { UptimeCheckConfig } from "@pulumi/gcp/monitoring/uptimeCheckConfig";
import { DatabaseInstance } from "@pulumi/gcp/sql/databaseInstance";
import { Subscription } from "@pulumi/gcp/pubsub/subscription";
import type { PolicyResource } from "@pulumi/policy";
import {
  catalogue,
  customerService,
  isJob,
  jobs,
  logCollector,
  type Phase,
  type Unit,
} from "../../catalogue";
import { ALERTS_FROM } from "../../infra/config-schema";
import { hasCollector } from "../../infra/gcp/resolve";
import { isScheduled } from "../access/designed";
import { templatesOf, type Template } from "../deployed/templates";
import { allOf, type ResourceClass, type Rule } from "../rule";
import { stackSetting, stackUnits } from "../stack-settings";

export const stackComplete: Rule = {
  name: "stack-complete",
  description:
    "Everything that the catalogue has at the stack's phase is deployed: what runs, its schedules, its log sinks and its watch from outside.",
  severity: "high",
  remedy: "Start it from catalogue/, or lower tollgate:phase",
  checkStack: (resources) => {
    const units = stackUnits();
    if (!units || resources.length === 0) return [];
    const { phase, has } = units;
    const onMachine = stackSetting("tollgate:deployment") === "gce-vm";
    return [
      ...(stackSetting("tollgate:billingAccount") ? missing(resources, "a budget", Budget, 1) : []),
      ...(onMachine ? machines(resources, ["machine"]) : onCloudRun(resources, phase, has)),
      ...(stackSetting("tollgate:officeHours") && !onMachine ? hours(resources) : []),
    ];
  },
};

function onCloudRun(resources: PolicyResource[], phase: Phase, has: (unit: Unit) => boolean): string[] {
  const units = [...catalogue, ...jobs].filter(has);
  const here = units.filter(({ targets }) => !targets?.gcp);
  const templates = templatesOf(resources);
  const workloads = new Set(templates.map(({ workload }) => workload));
  const running = new Set([
    ...workloads,
    ...templates.flatMap(({ containers = [] }) => containers.map(({ name }) => `tollgate-${name}`)),
  ]);
  const schedules = new Set(
    allOf(resources, Schedule).map(({ name, props }) => props.name ?? `tollgate-${name}`),
  );
  return [
    ...here.filter(({ name }) => !running.has(`tollgate-${name}`)).map(({ name }) => `Nothing runs ${name}`),
    ...here
      .filter((unit) => hasCollector(unit, { phase }) && !collected(templates, unit.name))
      .map(({ name }) => `Nothing collects the metrics of ${name}`),
    ...units
      .flatMap((unit) => (isJob(unit) || !unit.operatorTwin ? [] : [unit.operatorTwin.name]))
      .filter((name) => !workloads.has(`tollgate-${name}`))
      .map((name) => `Nothing runs ${name}`),
    ...here
      .filter((unit) => isJob(unit) && isScheduled(unit) && !schedules.has(`tollgate-${unit.name}`))
      .map(({ name }) => `No schedule runs the job ${name}`),
    ...machines(
      resources,
      units.flatMap((unit) => (!isJob(unit) && unit.managed === "machine" ? [unit.name] : [])),
    ),
    ...(phase >= logCollector.phase
      ? [
          ...missing(resources, "log sinks", ProjectSink, 2),
          ...missing(resources, "a subscription to the logs", Subscription, 1),
        ]
      : []),
    ...(phase >= ALERTS_FROM && stackSetting("tollgate:alertEmail") && isAwake(resources)
      ? [
          ...missing(resources, "an uptime check", UptimeCheckConfig, 1),
          ...missing(resources, "alert policies outside the stack", AlertPolicy, 2),
          ...missing(resources, "a notification channel", NotificationChannel, 1),
        ]
      : []),
  ];
}

/** What costs or holds data at any hour wakes and goes to sleep by its schedules. */
function hours(resources: PolicyResource[]): string[] {
  const known = new Set(
    allOf(resources, Schedule).map(({ name, props }) => props.name ?? `tollgate-${name}`),
  );
  const always = [
    ...allOf(resources, DatabaseInstance).map(({ name }) => name),
    ...allOf(resources, Instance).map(({ name }) => name),
    ...templatesOf(resources)
      .filter(({ service }) => service.template?.scaling?.minInstanceCount > 0 || service.scaling)
      .map(({ workload }) => workload.replace(/^tollgate-/, "")),
  ];
  return always.flatMap((name) =>
    ["wake", "sleep"]
      .filter((action) => !known.has(`tollgate-${action}-${name}`))
      .map((action) => `No schedule lets ${name} ${action}`),
  );
}

/** Whether a workload has a collector as sidecar. */
function collected(templates: Template[], name: string): boolean {
  const own = templates.find(({ workload }) => workload === `tollgate-${name}`);
  return own === undefined || (own.containers ?? []).some((each) => each.name === "collector");
}

function machines(resources: PolicyResource[], names: string[]): string[] {
  const there = new Set(allOf(resources, Instance).map(({ name, props }) => props.labels?.service ?? name));
  return names.filter((name) => !there.has(name)).map((name) => `The stack has no machine ${name}`);
}

/** Whether what customers reach is always there: an uptime check would wake it. */
function isAwake(resources: PolicyResource[]): boolean {
  const public_ = templatesOf(resources).find(
    ({ workload }) => workload === `tollgate-${customerService.name}`,
  );
  return (public_?.service.template?.scaling?.minInstanceCount ?? 0) > 0;
}

function missing(
  resources: PolicyResource[],
  what: string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  resourceClass: ResourceClass<any, any>,
  least: number,
): string[] {
  const found = allOf(resources, resourceClass).length;
  return found >= least ? [] : [`The stack lacks ${what} (${found} of ${least})`];
}
