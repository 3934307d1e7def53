import * as pulumi from "@pulumi/pulumi";
import { Gateway } from "../../components/gateway";
import { RunService, type RunServiceArgs } from "../../components/run/service";
import { Workload } from "../../components/workload";
import { collector, isJob, WITHOUT_DISK_MIB, type Service } from "../../catalogue";
import type { Inputs, Target } from "../../catalogue/target";
import { runUrl } from "./addresses";
import { budgetsOf } from "./budgets";
import type { Foundation } from "./foundation";
import { imageOf } from "./images";
import { jobRunner } from "./jobs";
import { stackHas } from "./services-of-stack";
import { containerInputs, edgesOf, hasCollector, resolve, type Wires } from "./wiring";

/** MiB for mounting a bucket: its caches count as the container's memory, and LiteLLM alone was measured at 462 under load. */
const MOUNT_MEMORY_MIB = 128;

type Value = pulumi.Input<string>;

/** Google Cloud: services on Cloud Run, jobs as Cloud Run jobs. */
export function googleCloud(foundation: Foundation, wires: Wires): Target<Value, pulumi.Resource> {
  const startJob = jobRunner(foundation, wires);
  return {
    name: "gcp",
    has: (unit) => stackHas(unit, foundation.config),
    resolve: (ref) => resolve(ref, wires),
    literal: (text) => text,
    join: (parts) =>
      parts.every((part) => typeof part === "string") ? parts.join("") : pulumi.concat(...parts),
    start(unit, inputs, needs) {
      const after = needs.map(({ started }) => started);
      return isJob(unit)
        ? startJob(unit, inputs, after)
        : startService(unit, inputs, after, foundation, wires);
    },
  };
}

function startService(
  target: Service,
  inputs: Inputs<Value>,
  after: pulumi.Resource[],
  foundation: Foundation,
  wires: Wires,
): pulumi.Resource {
  const { config } = foundation;
  const workload = new Workload(target.name, { project: config.project, edges: edgesOf(target, wires) });
  const args = argsOf(target, inputs, workload, foundation, wires);
  const folders = [
    ...Object.values(target.configFiles ?? {}).map(wires.folders),
    ...(args.collector ? [wires.folders("collector")] : []),
  ];
  const opts = {
    dependsOn: [...after, ...workload.bindings, ...folders.flatMap(({ objects }) => objects)],
  };
  const made = target.enforcesBudgets
    ? new Gateway(target.name, { ...budgetsOf(config.definitions), service: args }, opts)
    : new RunService(target.name, args, opts);
  // After it: what prepares its databases does so once.
  const twinOpts = { dependsOn: [...opts.dependsOn, made] };
  if (target.operatorTwin) makeTwin(target.operatorTwin, args, foundation, twinOpts);
  return made;
}

function argsOf(
  target: Service,
  inputs: Inputs<Value>,
  workload: Workload,
  foundation: Foundation,
  wires: Wires,
): RunServiceArgs {
  const { config, sizes, labels, network, images, apis } = foundation;
  const { name, singleton, probe, port, memoryMiB, cpu, metrics } = target;
  if (!probe || port === undefined) throw new Error(`${name} needs a port and a probe to run on Cloud Run`);
  const forPeople = target.exposedTo === "operators" && !target.operatorTwin;
  return {
    project: config.project,
    region: config.region,
    labels: labels(name, target.phase),
    image: imageOf(target, foundation),
    command: inputs.command,
    args: inputs.args && [...inputs.args, ...(target.argsWithoutDisk ?? [])],
    port,
    memoryMiB:
      memoryMiB + (target.configFiles ? MOUNT_MEMORY_MIB : 0) + (target.volumes ? WITHOUT_DISK_MIB : 0),
    cpu,
    serviceAccount: workload.email,
    networkId: network.networkId,
    subnetworkId: network.subnetworkId,
    probe,
    public: target.exposedTo === "customers",
    ...(forPeople ? { operators: { members: config.operators, proxy: apis.proxyIdentity } } : {}),
    minInstances: singleton ? 1 : sizes.minInstances,
    maxInstances: singleton || forPeople ? 1 : sizes.maxInstances,
    alwaysOnCpu: singleton === true || sizes.minInstances > 0,
    sessionAffinity: target.affinity,
    serving: config.serving[name],
    deletionProtection: sizes.protect,
    ...containerInputs(target, inputs, wires),
    ...(metrics && hasCollector(target, config)
      ? {
          collector: {
            image: imageOf(collector, { images }),
            metrics,
            prometheusUrl: runUrl(collector.pushesTo, config),
            config: wires.folders("collector"),
            memoryMiB: collector.memoryMiB,
          },
        }
      : {}),
  };
}

/** The same service again for people, behind the Identity-Aware Proxy, which would turn away what calls it inside the network. */
function makeTwin(
  { name }: NonNullable<Service["operatorTwin"]>,
  args: RunServiceArgs,
  { config, apis, labels }: Foundation,
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
