import type * as pulumi from "@pulumi/pulumi";
import type { MountedFolder } from "../config-files";
import type { ContainerArgs } from "./container";

/** A sidecar that scrapes the instance it sits in: a scrape through the load balancer would hit a random instance. */
export interface CollectorArgs {
  /** The service's name: the job of its series. */
  service: string;
  /** Alloy, by digest. */
  image: pulumi.Input<string>;
  /** Where the service publishes its metrics. */
  metrics: { path: string; port: number };
  /** Prometheus' address, without a final slash. */
  prometheusUrl: pulumi.Input<string>;
  /** The folder with its `*.alloy` files. */
  config: MountedFolder;
  /** vCPU. */
  cpu: number;
  memoryMiB: number;
}

const CONFIG_PATH = "/etc/tollgate-collector";
/** Unused by any service: the containers of an instance share one network. */
const COLLECTOR_PORT = 12399;

/** The sidecar. It never delays the service's start: nothing waits for it, and it has no startup probe. */
export function collectorContainer(args: CollectorArgs): ContainerArgs {
  const { service, image, metrics, prometheusUrl, config, cpu, memoryMiB } = args;
  return {
    name: "collector",
    image,
    cpu,
    memoryMiB,
    args: [
      "run",
      CONFIG_PATH,
      `--server.http.listen-addr=127.0.0.1:${COLLECTOR_PORT}`,
      "--storage.path=/tmp/alloy",
    ],
    env: {
      SERVICE_NAME: service,
      METRICS_ADDRESS: `localhost:${metrics.port}`,
      METRICS_PATH: metrics.path,
      PROMETHEUS_URL: prometheusUrl,
    },
    files: { [CONFIG_PATH]: config },
  };
}
