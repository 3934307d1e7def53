import { estimate, type Estimate } from "./estimate";
import type { PriceList } from "./price-list";
import type { BilledResource } from "./rates";

const RUN_SERVICE = "gcp:cloudrunv2/service:Service";

/** Cloud Run's own maximum where a service names none. */
const DEFAULT_MAX_INSTANCES = 100;

/**
 * What a stack would cost with every service on Cloud Run at its maximum of instances all month, each with its CPU at work,
 * and all else as the estimate's high case has it.
 */
export function worstCase(resources: BilledResource[], prices?: PriceList): Estimate {
  return estimate(resources.map(atMaximum), { prices });
}

function atMaximum(resource: BilledResource): BilledResource {
  if (resource.type !== RUN_SERVICE) return resource;
  const { template = {} } = resource.inputs;
  const most: number = template.scaling?.maxInstanceCount ?? DEFAULT_MAX_INSTANCES;
  return {
    ...resource,
    inputs: {
      ...resource.inputs,
      template: {
        ...template,
        scaling: { ...template.scaling, minInstanceCount: most, maxInstanceCount: most },
        containers: (template.containers ?? []).map((container: { resources?: object }) => ({
          ...container,
          resources: { ...container.resources, cpuIdle: false },
        })),
      },
    },
  };
}
