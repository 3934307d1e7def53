import type { BilledResource } from "../../infra/cost/rates";

export const RUN = "gcp:cloudrunv2/service:Service";

/** A resource of dev. */
export function resource(type: string, name: string, inputs: Record<string, unknown> = {}): BilledResource {
  return { type, name, inputs: { labels: { environment: "dev", service: name }, ...inputs } };
}

interface ContainerOptions {
  name?: string;
  cpu?: string;
  memory?: string;
  cpuIdle?: boolean;
}

export function container({ name = "main", cpu = "1", memory = "512Mi", cpuIdle = false }: ContainerOptions) {
  return { name, resources: { limits: { cpu, memory }, cpuIdle } };
}

/** A Cloud Run service with this many instances at least and at most. */
export function run(
  name: string,
  containers: ReturnType<typeof container>[],
  minInstanceCount = 1,
  maxInstanceCount = 1,
): BilledResource {
  return resource(RUN, name, { template: { containers, scaling: { minInstanceCount, maxInstanceCount } } });
}
