import { plan, readStackFile, type Plan, type PlannedResource } from "../../../infra/plan";

const plans = new Map<string, Promise<Plan>>();

/** The plan of a committed stack with some settings changed (`null` takes one away); made once for a test file. */
export async function planWith(stack: string, changes: Record<string, string | null> = {}): Promise<Plan> {
  const key = JSON.stringify([stack, changes]);
  // One after the other: the mock runtime is one for the process.
  await Promise.all(plans.values());
  const known = plans.get(key) ?? makePlan(stack, changes);
  plans.set(key, known);
  return known;
}

async function makePlan(stack: string, changes: Record<string, string | null>): Promise<Plan> {
  const settings = readStackFile(stack);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete settings.values[key];
    else settings.values[key] = value;
  }
  return plan(stack, settings);
}

/** Looks resources of a plan up; names are as in the plan. */
export class Planned {
  constructor(readonly resources: PlannedResource[]) {}

  static async of(stack: string, changes?: Record<string, string | null>): Promise<Planned> {
    return new Planned((await planWith(stack, changes)).resources);
  }

  all(type: string): PlannedResource[] {
    return this.resources.filter((resource) => resource.type === type);
  }

  /** @throws Error when there is not exactly one. */
  one(type: string, name?: string): PlannedResource {
    const found = this.all(type).filter((resource) => name === undefined || resource.name === name);
    if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name ?? ""} in the plan`);
    return found[0]!;
  }

  // Inputs are untyped: a test that reads a wrong path fails.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  inputs(type: string, name?: string): any {
    return this.one(type, name).inputs;
  }
}

export const SERVICE = "gcp:cloudrunv2/service:Service";
export const JOB = "gcp:cloudrunv2/job:Job";
export const POOL = "gcp:cloudrunv2/workerPool:WorkerPool";

/** What runs a service of the catalogue: its own Cloud Run service, or what it shares. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export function runnerOf(plan: Planned, name: string): { name: string; template: any; container: any } {
  for (const resource of [...plan.all(SERVICE), ...plan.all(POOL)]) {
    const { template } = plan.inputs(resource.type, resource.name);
    // eslint-disable-next-line @typescript-eslint/no-explicit-any
    const container = template.containers.find((each: any) => each.name === name);
    if (container) return { name: resource.name, template, container };
  }
  throw new Error(`nothing in the plan runs ${name}`);
}
export const STACKS = ["dev", "prod"] as const;
export const PHASES = [1, 2, 3, 4, 5] as const;
export const DIGEST = `sha256:${"0123456789abcdef".repeat(4)}`;
