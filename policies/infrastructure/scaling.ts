import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import { catalogue } from "../../catalogue";
import { SHARED_INSTANCES } from "../../infra/gcp/sizes";
import { ofType, type Known, type Rule } from "../rule";

export const scalingBounded: Rule = {
  name: "scaling-bounded",
  description: "Every service and worker pool on Cloud Run limits its instances, and keeps few of them warm.",
  severity: "high",
  remedy: "Set template.scaling in infra/gcp/sizes.ts",
  settings: {
    maxInstances: { type: "number", default: 20, minimum: 1 },
    maxWarm: { type: "number", default: 2, minimum: 0 },
  },
  checks: [
    ofType(Service, ({ template, scaling: whole }, _, { maxInstances, maxWarm }) => {
      const { maxInstanceCount: most, minInstanceCount: least = 0 } = template?.scaling ?? {};
      const warm = Math.max(least, whole?.minInstanceCount ?? 0, whole?.manualInstanceCount ?? 0);
      return [
        // Cloud Run's own default is 100.
        ...(most !== undefined && most >= 1 && most <= (maxInstances as number)
          ? []
          : [
              `template.scaling.maxInstanceCount is ${most ?? "not set"}: it must be from 1 to ${maxInstances}`,
            ]),
        ...(template?.nodeSelector ? ["template.nodeSelector asks for a GPU, which no estimate has"] : []),
        ...(warm > (maxWarm as number) ? [`${warm} instances are kept warm, more than ${maxWarm}`] : []),
      ];
    }),
    // Nothing of a job may run twice at once.
    ofType(Job, ({ template }) =>
      [template?.taskCount ?? 1, template?.parallelism ?? 1].every((count) => count <= 1)
        ? []
        : [`template.taskCount is ${template?.taskCount ?? 1}: one task does a job's work`],
    ),
    // A pool's instances are all there, always.
    ofType(WorkerPool, ({ scaling }, _, { maxWarm }) => {
      const count = scaling?.manualInstanceCount;
      return count !== undefined && count <= (maxWarm as number)
        ? []
        : [`scaling.manualInstanceCount is ${count ?? "not set"}: it must be from 0 to ${maxWarm}`];
    }),
  ],
};

/** What may be there once only, and works between requests too: what holds files, and what shares an instance. */
const SINGLE = new Set<string>([
  ...catalogue.filter(({ singleton }) => singleton).map(({ name }) => name),
  ...SHARED_INSTANCES,
]);

export const singletonsAwake: Rule = {
  name: "singletons-awake",
  description:
    "What the catalogue has once has one instance, with CPU between requests: no alert waits for a request, and no file has two writers.",
  severity: "high",
  remedy: "Set minInstances and maxInstances to 1 and alwaysOnCpu to true",
  checks: [
    ofType(Service, ({ name = "", template }) => {
      if (!SINGLE.has(name.replace(/^tollgate-/, ""))) return [];
      const { minInstanceCount: least = 0, maxInstanceCount: most } = template?.scaling ?? {};
      return [
        ...(least === 1 && most === 1
          ? []
          : [`template.scaling has ${least} to ${most ?? "any number of"} instances, not one`]),
        ...idle(template?.containers),
      ];
    }),
    ofType(WorkerPool, ({ scaling }) =>
      scaling?.manualInstanceCount === 1
        ? []
        : [`scaling.manualInstanceCount is ${scaling?.manualInstanceCount ?? "not set"}, not 1`],
    ),
  ],
};

type Containers = NonNullable<Known<ConstructorParameters<typeof Service>[1]>["template"]>["containers"];

function idle(containers: Containers = []): string[] {
  return containers
    .filter((container) => container?.resources?.cpuIdle !== false)
    .map((container) => `Container ${container?.name} has no CPU between requests`);
}
