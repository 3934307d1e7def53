import type * as pulumi from "@pulumi/pulumi";
import { Gateway } from "../../components/gateway";
import { RunService, type RunServiceArgs } from "../../components/run/service";
import { collectorContainer } from "../../components/run/collector";
import type { ContainerArgs } from "../../components/run/container";
import { Workload } from "../../components/workload";
import { collector, isJob, type Service } from "../../catalogue";
import type { Inputs, Target } from "../../catalogue/target";
import { serviceUrl } from "./addresses";
import { budgetsOf } from "./budgets";
import type { StackBase } from "./base";
import { sizeBeside, inMemory, LEAST_MIB, type Sizes } from "./sizes";
import { imageOf } from "./images";
import { sharedInstanceOf } from "./instances";
import { jobRunner } from "./jobs";
import { sharedInstances } from "./shared-instance";
import { containerInputs, bindingsOf, hasCollector, programOf, resolver, type Resources } from "./resolve";

/** MiB for mounting a bucket: its caches count as the container's memory, and LiteLLM alone was measured at 462 under load. */
const MOUNT_MEMORY_MIB = 128;

/** What a container with less than one vCPU may have at most. */
const MOST_MIB_BELOW_ONE_VCPU = 1024;

type Value = pulumi.Input<string>;
type Started = pulumi.Input<pulumi.Resource>;

/** Google Cloud: services on Cloud Run, jobs as Cloud Run jobs. */
export function googleCloud(base: StackBase, resources: Resources): Target<Value, Started> {
  const startJob = jobRunner(base, resources);
  const join = sharedInstances(base, resources);
  return {
    ...resolver(resources),
    start(unit, inputs, needs) {
      const after = needs.map(({ started }) => started);
      if (isJob(unit)) return startJob(unit, inputs, after);
      const shared = sharedInstanceOf(unit, base.config);
      return shared
        ? join(shared, { service: unit, inputs, needs })
        : startService(unit, inputs, after, base, resources);
    },
  };
}

function startService(
  target: Service,
  inputs: Inputs<Value>,
  after: Started[],
  base: StackBase,
  resources: Resources,
): pulumi.Resource {
  const { config } = base;
  const workload = new Workload(target.name, {
    project: config.project,
    bindings: bindingsOf(target, resources),
  });
  const args = argsOf(target, inputs, workload, base, resources);
  const folders = [
    ...Object.values(target.configFiles ?? {}).map(resources.folders),
    ...(args.sidecars?.length ? [resources.folders("collector")] : []),
  ];
  const opts = {
    dependsOn: [...after, ...workload.bindings, ...folders.flatMap(({ objects }) => objects)],
  };
  const made = target.enforcesBudgets
    ? new Gateway(target.name, { ...budgetsOf(config.definitions), service: args }, opts)
    : new RunService(target.name, args, opts);
  // After it: what prepares its databases does so once.
  const twinOpts = { dependsOn: [...opts.dependsOn, made] };
  if (target.operatorTwin) makeTwin(target.operatorTwin, args, base, twinOpts);
  return made;
}

function argsOf(
  target: Service,
  inputs: Inputs<Value>,
  workload: Workload,
  base: StackBase,
  resources: Resources,
): RunServiceArgs {
  const { config, sizes, labels, network, apis } = base;
  const { name, singleton, probe, port } = target;
  if (!probe || port === undefined) throw new Error(`${name} needs a port and a probe to run on Cloud Run`);
  const forPeople = target.exposedTo === "operators" && !target.operatorTwin;
  const sidecars = sidecarsOf(target, base, resources);
  const minInstances = singleton ? 1 : forPeople ? 0 : sizes.minInstances;
  return {
    project: config.project,
    region: config.region,
    labels: labels(name, target.phase),
    image: imageOf(target, base),
    ...programOf(target, inputs, sizes.filesMiB),
    port,
    ...sizeOf(target, sidecars, sizes),
    sidecars,
    serviceAccount: workload.email,
    networkId: network.networkId,
    subnetworkId: network.subnetworkId,
    egress: sizes.nat ? "all" : "private",
    probe,
    public: target.exposedTo === "customers",
    ...(forPeople ? { operators: { members: config.operators, proxy: apis.proxyIdentity } } : {}),
    minInstances,
    maxInstances: singleton || forPeople ? 1 : sizes.maxInstances,
    alwaysOnCpu: singleton === true || (sizes.cpuBetweenRequests && minInstances > 0),
    sessionAffinity: target.affinity,
    serving: config.serving[name],
    deletionProtection: sizes.protect,
    ...containerInputs(target, inputs, resources),
  };
}

/** The collector in each instance of a service that scales. */
function sidecarsOf(target: Service, base: StackBase, resources: Resources): ContainerArgs[] {
  const { config, sizes } = base;
  if (!target.metrics || !hasCollector(target, config)) return [];
  return [
    collectorContainer({
      service: target.name,
      image: imageOf(collector, base),
      metrics: target.metrics,
      prometheusUrl: serviceUrl(collector.pushesTo, config),
      config: resources.folders("collector"),
      ...sizeBeside(collector, sizes),
    }),
  ];
}

/** vCPU and MiB of the container that takes the requests: a whole vCPU together with its sidecars, or alone in `apart`. */
function sizeOf(
  { cpu, memoryMiB, configFiles, volumes }: Service,
  sidecars: ContainerArgs[],
  { layout, filesMiB }: Sizes,
): { cpu: number; memoryMiB: number } {
  const wanted = memoryMiB + (configFiles ? MOUNT_MEMORY_MIB : 0) + (inMemory(volumes) ? filesMiB : 0);
  const whole = Math.max(1, Math.ceil(cpu));
  const beside = layout === "apart" ? 0 : sidecars.reduce((sum, each) => sum + each.cpu, 0);
  const own = Math.round((whole - beside) * 1000) / 1000;
  const most = own < 1 ? Math.max(memoryMiB, MOST_MIB_BELOW_ONE_VCPU) : Infinity;
  return { cpu: own, memoryMiB: Math.max(LEAST_MIB, Math.min(wanted, most)) };
}

/** The same service again for people, behind the Identity-Aware Proxy, which would turn away what calls it inside the network. */
function makeTwin(
  { name }: NonNullable<Service["operatorTwin"]>,
  args: RunServiceArgs,
  { config, apis, labels }: StackBase,
  opts: pulumi.CustomResourceOptions,
): void {
  new RunService(
    name,
    {
      ...args,
      labels: labels(name),
      operators: { members: config.operators, proxy: apis.proxyIdentity },
      serving: undefined,
      minInstances: 0,
      maxInstances: 1,
      alwaysOnCpu: false,
    },
    opts,
  );
}
