import {
  catalogue,
  collector,
  isJob,
  jobs,
  type InstanceGroup,
  type Service,
  type ServiceName,
  type Unit,
} from "../../catalogue";
import { envOf } from "../../catalogue/target";
import type { StackConfig } from "../config";
import { cloudRunServices } from "./services-of-stack";
import type { Layout, SharedInstance } from "./sizes";

/**
 * Which groups share an instance. A container that ends takes its instance with it, so in `grouped` alerts do not end with
 * Loki, and what pulls from queues ends alone: Pub/Sub and Redis keep what waits. What is reached at several ports always has a
 * router in front, as Cloud Run gives a service one port.
 */
const SHARED: Record<Layout, Partial<Record<InstanceGroup, SharedInstance>>> = {
  apart: { traces: "traces" },
  grouped: { metrics: "watch", traces: "traces", workers: "workers" },
  packed: { metrics: "watch", logs: "watch", traces: "watch", workers: "watch" },
};

type Sized = Pick<StackConfig, "sizes">;

/** The instance that a service shares in a stack; none where it has its own. */
export function sharedInstanceOf(unit: Unit, { sizes }: Sized): SharedInstance | undefined {
  return isJob(unit) || !unit.share ? undefined : SHARED[sizes.layout][unit.share.group];
}

/** Whether nothing reaches an instance: Cloud Run then has no address for it, and a lower price. */
export function isPool(instance: SharedInstance): boolean {
  return instance === "workers";
}

/** The services of a stack that share an instance. */
export function membersOf(
  instance: SharedInstance,
  config: Sized & Pick<StackConfig, "phase" | "tempo">,
): Service[] {
  return cloudRunServices(config).filter((each) => sharedInstanceOf(each, config) === instance);
}

/** The members of an instance that others reach, each below a path of its name. */
export function routedMembers(
  instance: SharedInstance,
  config: Sized & Pick<StackConfig, "phase" | "tempo">,
): Service[] {
  const others = [...catalogue, ...jobs].filter((unit) => sharedInstanceOf(unit, config) !== instance);
  return membersOf(instance, config).filter(
    ({ name }) => name === collector.pushesTo || others.some((unit) => reaches(unit, name)),
  );
}

function reaches(unit: Unit, name: ServiceName): boolean {
  return Object.values(envOf(unit, "gcp")).some(
    (value) => typeof value === "object" && "url" in value && value.url === name,
  );
}

/** Names of Cloud Run's services that may run a service, by the stack's layout. */
export function namesOfRunner(name: ServiceName): string[] {
  const { share } = catalogue.find((each) => each.name === name)!;
  return [name, ...(share ? Object.values(SHARED).flatMap((by) => by[share.group] ?? []) : [])];
}
