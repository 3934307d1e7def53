import type * as pulumi from "@pulumi/pulumi";
import type { MountedFolder } from "../config-files";
import { envs, limits, volumes } from "./container";

/** A sidecar that scrapes the instance it sits in: a scrape through the load balancer would hit a random instance. */
export interface CollectorArgs {
  /** Alloy, by digest. */
  image: pulumi.Input<string>;
  /** Where the service publishes its metrics. */
  metrics: { path: string; port: number };
  /** Prometheus' address, without a path. */
  prometheusUrl: pulumi.Input<string>;
  /** The folder with `sidecar.alloy`. */
  config: MountedFolder;
  /** MiB. Default 128, the platform rounds up. */
  memoryMiB?: number;
}

/** What one revision has once for all its containers: a sidecar that differed would be refused, or drift for ever. */
export interface RevisionCpu {
  cpuIdle: boolean;
  startupCpuBoost: boolean;
}

const CONFIG_PATH = "/etc/tollgate-collector";
/** Not a port of any service: the containers of an instance share one network. */
const COLLECTOR_PORT = 12399;

/** The sidecar's container and volumes for a service's template. */
export function collectorContainer(service: string, args: CollectorArgs, cpu: RevisionCpu) {
  const inputs = {
    env: {
      SERVICE_NAME: service,
      METRICS_ADDRESS: `localhost:${args.metrics.port}`,
      METRICS_PATH: args.metrics.path,
      PROMETHEUS_URL: args.prometheusUrl,
    },
    files: { [CONFIG_PATH]: args.config },
  };
  const own = volumes(inputs);
  return {
    volumes: own.volumes,
    container: {
      name: "collector",
      image: args.image,
      args: [
        "run",
        `${CONFIG_PATH}/sidecar.alloy`,
        `--server.http.listen-addr=127.0.0.1:${COLLECTOR_PORT}`,
        "--storage.path=/tmp/alloy",
      ],
      envs: envs(inputs),
      // It starts with the service but never holds it up: no `dependsOns` on it, no startup probe.
      resources: { limits: limits(args.memoryMiB ?? 128, 0.1), ...cpu },
      volumeMounts: own.volumeMounts,
    },
  };
}
