import { Job } from "@pulumi/gcp/cloudrunv2/job";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WorkerPool } from "@pulumi/gcp/cloudrunv2/workerPool";
import { ofType, type Rule } from "../rule";

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
