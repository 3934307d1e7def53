import { join } from "node:path";
import { parseDocument } from "yaml";
import { collectorFiles } from "../../dashboards/alloy";
import { grafanaFiles } from "../../dashboards/grafana";
import { lokiConfig } from "../../dashboards/loki/config";
import { tempoConfig } from "../../infra/config-files/tempo";
import { ports, service } from "../../catalogue";
import { paths } from "../../ops/workspace/paths";
import { whyNotHere } from "../target";
import { writeAll } from "./monitoring-files";
import { portOf, type StackSettings } from "./settings";

/** Where a server listens and keeps its data, in place of its container's. */
export interface Place {
  /** Its own folder. */
  folder: string;
  /** Added to the catalogue's ports. */
  portOffset: number;
}

/** Loki's configuration for this machine: the rendered one, on loopback, with files in `folder`. */
export function lokiHere({ folder, portOffset }: Place): string {
  const config = parseDocument(lokiConfig("filesystem").replaceAll("/loki", folder));
  listen(config, ports.loki + portOffset);
  return config.toString({ lineWidth: 0 });
}

/** Tempo's configuration for this machine: the rendered one, on loopback, with files in `folder`. */
export function tempoHere({ folder, portOffset }: Place): string {
  const config = parseDocument(tempoConfig({ folder }));
  listen(config, ports.tempo + portOffset);
  const protocols = ["distributor", "receivers", "otlp", "protocols"];
  config.setIn([...protocols, "grpc", "endpoint"], `127.0.0.1:${ports.otlpGrpc + portOffset}`);
  config.setIn([...protocols, "http", "endpoint"], `127.0.0.1:${ports.otlpHttp + portOffset}`);
  return config.toString({ lineWidth: 0 });
}

/** @returns the folder of the file */
export function writeLokiFiles({ portOffset }: StackSettings): string {
  const folder = join(paths.data, "loki");
  return writeAll("loki-config", { "loki.yaml": lokiHere({ folder, portOffset }) });
}

/** @returns the folder of the file */
export function writeTempoFiles({ portOffset }: StackSettings): string {
  const folder = join(paths.data, "tempo");
  return writeAll("tempo-config", { "tempo.yaml": tempoHere({ folder, portOffset }) });
}

/** @returns the folder of the files */
export function writeAlloyFiles(): string {
  return writeAll("alloy-config", collectorFiles("machine"));
}

/** @returns the folder of the data sources and dashboards */
export function writeGrafanaFiles(settings: StackSettings): string {
  const langfuse = `http://127.0.0.1:${portOf(settings, "langfuse")}`;
  const folder = "grafana-config";
  const { "provisioning/datasources/tempo.yaml": tempo, ...files } = grafanaFiles(
    { langfuse },
    join(paths.data, folder),
  );
  const hasTempo = !whyNotHere(service("tempo"));
  return writeAll(folder, hasTempo ? { ...files, "provisioning/datasources/tempo.yaml": tempo! } : files);
}

/** On loopback; gRPC, which only the server itself uses, on the next port. */
function listen(config: ReturnType<typeof parseDocument>, port: number): void {
  config.setIn(["server", "http_listen_address"], "127.0.0.1");
  config.setIn(["server", "http_listen_port"], port);
  config.setIn(["server", "grpc_listen_address"], "127.0.0.1");
  config.setIn(["server", "grpc_listen_port"], port + 1);
}
