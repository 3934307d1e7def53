import * as pulumi from "@pulumi/pulumi";
import { readConfig, type StackConfig } from "../config";
import { program } from "../program";
import { recordResources, type PlannedResource } from "./monitor";
import { readStackFile, type StackSettings } from "./stack-file";

export { SECRET, UNKNOWN, type PlannedResource } from "./monitor";
export { configIn, readStackFile, settingsOf, STACKS, type StackSettings } from "./stack-file";

export interface Plan {
  stack: string;
  /** What the stack's settings come down to. */
  config: StackConfig;
  /** Sorted by type and name. */
  resources: PlannedResource[];
  /** Names of the stack's outputs. */
  outputs: string[];
  /** What is not configured yet: an update would refuse to start. */
  missing: string[];
}

/** A member that the SDK's types leave out: the source lines of a resource's registration. */
const Resource = pulumi.Resource as unknown as { callsites(): object[] };

/**
 * What `pulumi up` would register for a stack, without an engine, a cloud or a network: the real program on Pulumi's mock
 * runtime.
 *
 * @param settings Instead of the stack's file.
 * @throws ConfigError when the stack's configuration is unusable; any error of the program.
 */
export async function plan(stack: string, settings: StackSettings = readStackFile(stack)): Promise<Plan> {
  // Pulumi takes a stack trace for every promise and every resource, most of a plan's time: nothing reads one.
  const { stackTraceLimit } = Error;
  const { callsites } = Resource;
  Error.stackTraceLimit = 0;
  Resource.callsites = () => [];
  try {
    return await register(stack, settings);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Resource.callsites = callsites;
  }
}

async function register(stack: string, settings: StackSettings): Promise<Plan> {
  const resources: PlannedResource[] = [];
  await recordResources(stack, resources);
  pulumi.runtime.setAllConfig(settings.values, settings.secretKeys);
  const config = readConfig({ planning: true });
  const outputs = program(config);
  await settle(() => resources.length);
  return {
    stack,
    config,
    outputs: Object.keys(outputs).sort(),
    missing: config.missing,
    resources: resources.sort((a, b) => compare(`${a.type} ${a.name}`, `${b.type} ${b.name}`)),
  };
}

/** The resources of `plan` alone, for what computes over them (policies, the cost estimate). */
export async function planStack(stack: string): Promise<PlannedResource[]> {
  return (await plan(stack)).resources;
}

/** Not `localeCompare`: a plan is the same on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Registrations go on in the background, each after what it depends on: waits until none is left. */
export async function settle(count: () => number): Promise<void> {
  const { waitForRPCs } = (await import("@pulumi/pulumi/runtime/settings")) as unknown as {
    waitForRPCs: () => Promise<void>;
  };
  let before = -1;
  while (count() !== before) {
    before = count();
    await waitForRPCs();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
