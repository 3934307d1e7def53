import type * as pulumi from "@pulumi/pulumi";
import { RunService } from "../../components/run/service";
import { RunWorkerPool } from "../../components/run/worker-pool";
import type { ContainerArgs } from "../../components/run/container";
import { Workload } from "../../components/workload";
import { router, type Service } from "../../catalogue";
import type { Inputs, Need } from "../../catalogue/target";
import type { StackBase } from "./base";
import { routeOf } from "./addresses";
import { imageOf } from "./images";
import { sizeBeside, cpuForMemory, inMemory, type SharedInstance } from "./sizes";
import { isPool, membersOf, routedMembers, sharedInstanceOf } from "./instances";
import { configBinding, containerInputs, bindingsOfAll, programOf, type Resources } from "./resolve";

type Value = pulumi.Input<string>;
type Started = pulumi.Input<pulumi.Resource>;

interface Member {
  service: Service;
  inputs: Inputs<Value>;
  needs: Need<Started>[];
}

/** Seconds that a container may take to start with a part of a vCPU: with those of the network, Cloud Run's most. */
const SLOW_START_SECONDS = 180;

export const ROUTER = "router";
/** Where nginx's image reads templates, fills them in and includes them: https://hub.docker.com/_/nginx */
export const TEMPLATES = "/etc/nginx/templates";

/**
 * Makes the instances that services share, each once its last member is known.
 *
 * @returns A function that adds a member, and returns the instance as it will be.
 */
export function sharedInstances(base: StackBase, resources: Resources) {
  const { config } = base;
  const joining = new Map<
    SharedInstance,
    { members: Member[]; made: Promise<pulumi.Resource>; make: Make }
  >();

  return (instance: SharedInstance, member: Member): Started => {
    const known = joining.get(instance) ?? unmade();
    joining.set(instance, known);
    known.members.push(member);
    if (known.members.length === membersOf(instance, config).length) {
      known.make(makeInstance(instance, known.members, base, resources));
    }
    return known.made;
  };
}

type Make = (resource: pulumi.Resource) => void;

function unmade() {
  let make: Make = () => {};
  const made = new Promise<pulumi.Resource>((resolve) => (make = resolve));
  return { members: [], made, make: (resource: pulumi.Resource) => make(resource) };
}

function makeInstance(
  instance: SharedInstance,
  members: Member[],
  base: StackBase,
  resources: Resources,
): pulumi.Resource {
  const { config, sizes, labels, network } = base;
  const services = members.map(({ service }) => service);
  const routed = routedMembers(instance, config);
  const routes = routed.length > 0 ? resources.folders("router") : undefined;
  const workload = new Workload(instance, {
    project: config.project,
    bindings: [
      ...bindingsOfAll(services, resources).filter(({ name }) => name !== "config"),
      ...(routes || services.some(({ configFiles }) => configFiles) ? [configBinding(resources)] : []),
    ],
  });
  const folders = [
    ...services.flatMap(({ configFiles = {} }) => Object.values(configFiles)).map(resources.folders),
    ...(routes ? [routes] : []),
  ];
  const opts = {
    dependsOn: [
      ...members.flatMap(({ needs }) =>
        needs.filter(({ unit }) => sharedInstanceOf(unit, config) !== instance).map(({ started }) => started),
      ),
      ...workload.bindings,
      ...folders.flatMap(({ objects }) => objects),
    ],
  };
  const common = {
    project: config.project,
    region: config.region,
    labels: labels(
      instance,
      services.reduce((least, { phase }) => (phase < least ? phase : least), services[0]!.phase),
    ),
    serviceAccount: workload.email,
    networkId: network.networkId,
    subnetworkId: network.subnetworkId,
    egress: sizes.nat ? ("all" as const) : ("private" as const),
    deletionProtection: sizes.protect,
    sleeps: config.officeHours !== undefined,
  };
  const routerSize = sizeBeside(router, sizes);
  const containers = enoughCpu(
    members.map((member) => containerOf(member, services, base, resources)),
    routes ? routerSize : undefined,
  );
  if (isPool(instance)) return new RunWorkerPool(instance, { ...common, containers }, opts);

  const always = { minInstances: 1, maxInstances: 1, alwaysOnCpu: true, serving: config.serving[instance] };
  if (routes) {
    return new RunService(
      instance,
      {
        ...common,
        ...always,
        containerName: ROUTER,
        image: imageOf(router, base),
        env: { ROUTES: routesTo(routed) },
        files: { [TEMPLATES]: routes },
        port: router.port,
        ...routerSize,
        probe: { path: router.health, livePath: router.health, startupSeconds: SLOW_START_SECONDS },
        after: routed.map(({ name }) => name),
        sidecars: containers,
      },
      opts,
    );
  }
  // Nothing calls it yet, but a service of Cloud Run has a port.
  const [{ name, probe, ...first }, ...sidecars] = containers as [ContainerArgs, ...ContainerArgs[]];
  return new RunService(
    instance,
    { ...common, ...always, ...first, containerName: name, port: probe!.port, probe: probe!, sidecars },
    opts,
  );
}

/** The lines of nginx's map from the first part of a path to a port. */
export function routesTo(members: Pick<Service, "name" | "port" | "extraPorts">[]): string {
  return members
    .flatMap(({ name, port, extraPorts = {} }) => [
      `${name} ${port};`,
      ...Object.entries(extraPorts).map(([extra, at]) => `${routeOf(name, extra)} ${at};`),
    ])
    .join(" ");
}

function containerOf(
  { service, inputs }: Member,
  members: Service[],
  base: StackBase,
  resources: Resources,
): ContainerArgs {
  const { name, share, port, probe, volumes } = service;
  if (!probe || port === undefined || !share) throw new Error(`${name} needs a port, a probe and a share`);
  const files = inMemory(volumes) ? base.sizes.filesMiB : 0;
  return {
    name,
    image: imageOf(service, base),
    ...programOf(service, inputs, files),
    ...sizeBeside(
      { cpu: Math.max(cpuForMemory(share.memoryMiB + files), share.cpu), memoryMiB: share.memoryMiB + files },
      base.sizes,
    ),
    probe: { ...probe, port, startupSeconds: Math.max(probe.startupSeconds, SLOW_START_SECONDS) },
    after: members.map((each) => each.name).filter((each) => service.dependsOn.includes(each)),
    ...containerInputs(service, inputs, resources),
  };
}

/** Containers that have, together with the router, what Cloud Run asks of an instance: one vCPU, and enough for its memory. */
function enoughCpu<C extends { cpu: number; memoryMiB: number }>(
  containers: C[],
  routerSize: { cpu: number; memoryMiB: number } = { cpu: 0, memoryMiB: 0 },
): C[] {
  const total = (of: "cpu" | "memoryMiB") =>
    containers.reduce((sum, container) => sum + container[of], routerSize[of]);
  let left = Math.max(1, cpuForMemory(total("memoryMiB"))) - total("cpu");
  // A container has at most one vCPU here, as Cloud Run takes no part of a second one: the largest ones get theirs first.
  const larger = new Map<C, number>();
  for (const container of [...containers].sort((a, b) => b.cpu - a.cpu)) {
    const more = Math.max(0, Math.min(left, 1 - container.cpu));
    larger.set(container, Math.round((container.cpu + more) * 1000) / 1000);
    left -= more;
  }
  return containers.map((each) => ({ ...each, cpu: larger.get(each)! }));
}
