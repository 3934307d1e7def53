import * as pulumi from "@pulumi/pulumi";
import { ServiceIamMember } from "@pulumi/gcp/cloudrunv2/serviceIamMember";
import { Service } from "@pulumi/gcp/cloudrunv2/service";
import { WebCloudRunServiceIamMember } from "@pulumi/gcp/iap/webCloudRunServiceIamMember";
import type { LabelMap } from "../labels";
import type { PinnedSecret } from "../secret";
import {
  besideOthers,
  envs,
  limits,
  probes,
  volumes,
  type ContainerArgs,
  type ContainerInputs,
} from "./container";
import { vpcAccess, type Egress } from "./network";

/** People who sign in through the Identity-Aware Proxy, and the proxy's own identity, which calls the service. */
export interface OperatorAccess {
  /** Such as `group:platform@example.com`. */
  members: string[];
  proxy: pulumi.Input<string>;
}

export interface RunServiceArgs extends ContainerInputs {
  project: pulumi.Input<string>;
  region: pulumi.Input<string>;
  labels: LabelMap;
  /** Of the container that takes the requests. Default: the service's. */
  containerName?: string;
  /** By digest. */
  image: pulumi.Input<string>;
  command?: pulumi.Input<string>[];
  args?: pulumi.Input<string>[];
  port: number;
  memoryMiB: number;
  /** vCPU of the container that takes the requests. With those of the sidecars it must be one at least. */
  cpu: number;
  serviceAccount: pulumi.Input<string>;
  networkId: pulumi.Input<string>;
  subnetworkId: pulumi.Input<string>;
  /** Default `all`. */
  egress?: Egress;
  /** When it is ready, when it lives (default: not asked), and the seconds that a start of the program itself may take. */
  probe: { path: string; livePath?: string; startupSeconds: number };
  /** Open to the internet; the service authenticates its callers. Default false: reachable from the network only. */
  public?: boolean;
  /** Open to operators who sign in through the Identity-Aware Proxy. Default: to none. */
  operators?: OperatorAccess;
  /** Default 0. */
  minInstances?: number;
  /** Default 10. */
  maxInstances?: number;
  /** CPU between requests too, for background work. Default false. */
  alwaysOnCpu?: boolean;
  /** Whether a client's requests go to one instance where possible (a cookie of Cloud Run's). Default: false. */
  sessionAffinity?: boolean;
  /** Requests that one instance serves at once. Default 80. */
  concurrency?: number;
  /** Seconds that a request may take. Default 300. */
  timeoutSeconds?: number;
  /** Sidecars. Default: none. */
  sidecars?: ContainerArgs[];
  /** Names of the sidecars that must be ready before the container that takes the requests. Default: none. */
  after?: string[];
  /** Annotations of the revision, for readers of a preview. Keys are `tollgate.dev/...`. */
  annotations?: Record<string, string>;
  /** A revision that keeps all traffic, while a promotion watches the new one. Default: the newest has it. */
  serving?: string;
  /** Refuse to delete the service. Default true. */
  deletionProtection?: boolean;
  /** Office hours stop and start it, which does not count as drift. Default false. */
  sleeps?: boolean;
}

/**
 * A Cloud Run service in the private network, with probes, pinned secrets and content-addressed configuration.
 *
 * @example
 * ```ts
 * import { RunService } from "./components/run/service";
 * import { labelsOf } from "./components/labels";
 * declare const network: import("./components/network").Network;
 * const agent = new RunService("agent", {
 *   project: "acme-dev",
 *   region: "europe-west1",
 *   labels: labelsOf({ environment: "dev", class: "dev", owner: "platform" }, "agent", 1),
 *   image: "europe-west1-docker.pkg.dev/acme-admin/tollgate/agent@sha256:0123",
 *   port: 8080,
 *   memoryMiB: 512,
 *   cpu: 1,
 *   serviceAccount: "agent@acme-dev.iam.gserviceaccount.com",
 *   networkId: network.networkId,
 *   subnetworkId: network.subnetworkId,
 *   probe: { path: "/healthz", startupSeconds: 10 },
 * });
 * export const address = agent.uri;
 * ```
 */
export class RunService extends pulumi.ComponentResource {
  readonly uri: pulumi.Output<string>;
  readonly name: pulumi.Output<string>;

  constructor(name: string, args: RunServiceArgs, opts?: pulumi.ComponentResourceOptions) {
    const { minInstances = 0, maxInstances = 10, alwaysOnCpu = false, deletionProtection = true } = args;
    const { concurrency = 80, timeoutSeconds = 300, containerName = name } = args;
    const access = args.public ? "public" : args.operators ? "operators" : "internal";
    super(
      "tollgate:gcp:RunService",
      name,
      { access, minInstances, maxInstances, alwaysOnCpu, image: args.image },
      opts,
    );
    const own = volumes(args);
    const billing = { cpuIdle: !alwaysOnCpu, startupCpuBoost: true };
    const sidecars = (args.sidecars ?? []).map((each) => besideOthers(each, billing));

    const service = new Service(
      name,
      {
        name: `tollgate-${name}`,
        project: args.project,
        location: args.region,
        labels: args.labels,
        deletionProtection,
        ingress: access === "internal" ? "INGRESS_TRAFFIC_INTERNAL_ONLY" : "INGRESS_TRAFFIC_ALL",
        // The service authenticates its callers (a key, a password), or the network keeps them out. The proxy is let in
        // by a binding, so that it cannot be bypassed.
        invokerIamDisabled: access !== "operators",
        ...(access === "operators" ? { iapEnabled: true } : {}),
        // Always set: the next update must not restore what a promotion did to the traffic.
        traffics: [
          args.serving
            ? { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION", revision: args.serving, percent: 100 }
            : { type: "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST", percent: 100 },
        ],
        template: {
          serviceAccount: args.serviceAccount,
          executionEnvironment: "EXECUTION_ENVIRONMENT_GEN2",
          maxInstanceRequestConcurrency: concurrency,
          timeout: `${timeoutSeconds}s`,
          ...(args.sessionAffinity ? { sessionAffinity: true } : {}),
          labels: args.labels,
          ...(args.annotations ? { annotations: args.annotations } : {}),
          scaling: { minInstanceCount: minInstances, maxInstanceCount: maxInstances },
          vpcAccess: vpcAccess(args),
          containers: [
            {
              name: containerName,
              image: args.image,
              ...(args.command ? { commands: args.command } : {}),
              ...(args.args ? { args: args.args } : {}),
              ...(args.after?.length ? { dependsOns: args.after } : {}),
              ports: { containerPort: args.port },
              envs: envs(args),
              resources: { limits: limits(args.memoryMiB, args.cpu), ...billing },
              ...probes({ ...args.probe, port: args.port }),
              volumeMounts: own.volumeMounts,
            },
            ...sidecars.map(({ container }) => container),
          ],
          volumes: [...own.volumes, ...sidecars.flatMap((each) => each.volumes)],
        },
      },
      { parent: this, ...(args.sleeps ? { ignoreChanges: ["scaling"] } : {}) },
    );
    if (args.operators) this.admit(name, service, args.operators, args);

    this.uri = service.uri;
    this.name = service.name;
    this.registerOutputs({ uri: this.uri, name: this.name });
  }

  private admit(
    name: string,
    service: Service,
    { members, proxy }: OperatorAccess,
    { project, region }: RunServiceArgs,
  ) {
    new ServiceIamMember(
      `${name}-proxy`,
      { name: service.name, project, location: region, role: "roles/run.invoker", member: proxy },
      { parent: this },
    );
    for (const member of members) {
      new WebCloudRunServiceIamMember(
        `${name}-${member}`,
        {
          cloudRunServiceName: service.name,
          project,
          location: region,
          role: "roles/iap.httpsResourceAccessor",
          member,
        },
        { parent: this },
      );
    }
  }
}

export type { PinnedSecret };
