import type * as pulumi from "@pulumi/pulumi";
import { ConfigFiles } from "../../components/config-files";
import { RunService } from "../../components/run/service";
import { Workload } from "../../components/workload";
import { isOwnImage, publicImageReference, service, type Service } from "../../catalogue";
import { sidecarConfig } from "../config-files/collectors";
import { LANGFUSE_CONSOLE, runUrl } from "./addresses";
import { configFilesOf } from "./config-files";
import type { Foundation } from "./foundation";
import { makeGateway } from "./gateway";
import { cloudRunServices } from "./services-of-stack";
import { edgesOf, hasCollector, inputsOf, type Prepared, type Wires } from "./wiring";

/** MiB beside a service's own memory where it would have a disk: on Cloud Run its files are memory. */
const FILES_MEMORY_MIB = 512;

/** MiB for mounting a bucket: its caches count as the container's memory, and LiteLLM alone was measured at 462 under load. */
const MOUNT_MEMORY_MIB = 128;

/** Arguments that only make sense where files are memory. */
const EXTRA_ARGS: Record<string, string[]> = {
  prometheus: [`--storage.tsdb.retention.size=${FILES_MEMORY_MIB - 128}MB`],
};

/** Makes every Cloud Run service of the stack, each after those it depends on. */
export function makeCloudRunServices(
  foundation: Foundation,
  wires: Wires,
  databaseRoles: pulumi.Resource,
): void {
  const { config, configBucket } = foundation;
  const made = new Map<string, pulumi.Resource>();
  const services = cloudRunServices(config);
  const sidecar = services.some((each) => hasCollector(each, config))
    ? new ConfigFiles("collector", { bucket: configBucket.name, files: sidecarConfig() })
    : undefined;

  for (const target of services) {
    const needs = target.dependsOn.flatMap((name) => made.get(name) ?? []);
    if (target.dependsOn.includes("postgres")) needs.push(databaseRoles);
    const prepared = prepare(target, foundation, wires, sidecar);
    const opts = { dependsOn: [...needs, ...prepared.dependsOn] };
    made.set(
      target.name,
      target.name === "gateway"
        ? makeGateway(prepared, foundation, wires, opts)
        : new RunService(target.name, prepared.args, opts),
    );
    if (target.name === "langfuse-web")
      makeConsole(prepared, foundation, { dependsOn: [...opts.dependsOn, made.get(target.name)!] });
  }
}

function prepare(target: Service, foundation: Foundation, wires: Wires, sidecar?: ConfigFiles): Prepared {
  const { config, sizes, labels, network, images, configBucket, apis } = foundation;
  const { name, singleton, probe, port, memoryMiB, cpu } = target;
  if (!probe || port === undefined) throw new Error(`${name} needs a port and a probe to run on Cloud Run`);

  const workload = new Workload(name, { project: config.project, edges: edgesOf(target, wires) });
  const configFiles = Object.fromEntries(
    Object.entries(target.configFiles ?? {}).map(([path, folder]) => [
      path,
      new ConfigFiles(folder, { bucket: configBucket.name, files: configFilesOf(folder, config) }),
    ]),
  );
  // Langfuse's services speak to it too: its face for operators is a service apart.
  const forPeople = target.exposedTo === "operators" && name !== "langfuse-web";
  const collected = sidecar && hasCollector(target, config);
  return {
    configFiles,
    dependsOn: [
      ...workload.bindings,
      ...Object.values(configFiles).flatMap(({ objects }) => objects),
      ...(collected ? sidecar.objects : []),
    ],
    args: {
      project: config.project,
      region: config.region,
      labels: labels(name, target.phase),
      image: imageOf(target, foundation),
      command: target.command,
      args: target.args && [...target.args, ...(EXTRA_ARGS[name] ?? [])],
      port,
      memoryMiB:
        memoryMiB + (target.configFiles ? MOUNT_MEMORY_MIB : 0) + (target.volumes ? FILES_MEMORY_MIB : 0),
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
      serving: config.serving[name],
      deletionProtection: sizes.protect,
      ...inputsOf(target, wires),
      files: configFiles,
      ...(collected
        ? {
            collector: {
              image: images.publicImage(publicImageReference("alloy")),
              metrics: target.metrics!,
              prometheusUrl: runUrl("prometheus", config),
              config: sidecar,
              memoryMiB: service("alloy").memoryMiB,
            },
          }
        : {}),
    },
  };
}

function imageOf({ image }: Service, { images }: Foundation): pulumi.Input<string> {
  return isOwnImage(image) ? images.ownImage(image) : images.publicImage(publicImageReference(image));
}

/**
 * Langfuse for people: the same image and settings as `langfuse-web`, behind the Identity-Aware Proxy. The proxy would turn
 * the gateway's and the agent's traces away, so those go to `langfuse-web` inside the network. It comes after that one, which
 * alone migrates the databases: the migrations' lock is within one process (langfuse#15344).
 */
function makeConsole(
  { args }: Prepared,
  { config, apis, labels }: Foundation,
  opts: pulumi.CustomResourceOptions,
): void {
  new RunService(
    LANGFUSE_CONSOLE,
    {
      ...args,
      env: {
        ...args.env,
        LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED: "true",
        LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED: "true",
      },
      labels: labels(LANGFUSE_CONSOLE),
      operators: { members: config.operators, proxy: apis.proxyIdentity },
      serving: undefined,
      minInstances: 0,
      maxInstances: 1,
      alwaysOnCpu: false,
    },
    opts,
  );
}
