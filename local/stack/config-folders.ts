import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { catalogue, findService, ports, service, type ConfigFolder } from "../../catalogue";
import {
  alertmanagerFiles,
  defaultSettings,
  SECRET_FILES,
  type Integration,
} from "../../dashboards/alertmanager";
import { collectorFiles } from "../../dashboards/alloy";
import { grafanaFiles } from "../../dashboards/grafana";
import { lokiConfig } from "../../dashboards/loki/config";
import { localPrometheus, prometheusFiles } from "../../dashboards/prometheus";
import { tempoConfig } from "../../infra/config-files/tempo";
import { paths, workFolder } from "../../ops/workspace/paths";
import { whyNotHere, type Machine } from "../target";
import { portOf, type StackSettings } from "./settings";

type Files = Record<string, string>;

/** Seconds between scrapes: short, as a person is watching. */
const SCRAPE_INTERVAL = 5;

/** The configuration folders that differ here from the rendered ones: written anew when a service starts. */
export function configFolders(settings: StackSettings): Machine["folders"] {
  const { portOffset } = settings;
  const place = (name: string): Place => ({ folder: join(paths.data, name), portOffset });
  const write = (folder: ConfigFolder, files: (root: string) => Files, mode?: number) => () => {
    const root = join(paths.data, `${folder}-config`);
    writeAll(root, files(root), mode);
    return root;
  };
  return {
    prometheus: write("prometheus", () => prometheusHere(settings)),
    // It may hold a heartbeat's address.
    alertmanager: write("alertmanager", alertmanagerHere, 0o600),
    grafana: write("grafana", (root) => grafanaHere(settings, root)),
    loki: write("loki", () => ({ "loki.yaml": lokiHere(place("loki")) })),
    alloy: write("alloy", () => collectorFiles("machine")),
    tempo: write("tempo", () => ({ "tempo.yaml": tempoHere(place("tempo")) })),
  };
}

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
  const receiver = ["distributor", "receivers", "otlp", "protocols", "http"];
  config.setIn([...receiver, "endpoint"], `127.0.0.1:${ports.otlp + portOffset}`);
  return config.toString({ lineWidth: 0 });
}

/** On loopback; gRPC, which only the server itself uses, on the next port. */
function listen(config: ReturnType<typeof parseDocument>, port: number): void {
  config.setIn(["server", "http_listen_address"], "127.0.0.1");
  config.setIn(["server", "http_listen_port"], port);
  config.setIn(["server", "grpc_listen_address"], "127.0.0.1");
  config.setIn(["server", "grpc_listen_port"], port + 1);
}

/** The same configuration and rules as on the other targets, with this run's addresses. */
function prometheusHere(settings: StackSettings): Files {
  const measured = catalogue.filter((service) => service.metrics && !whyNotHere(service));
  return prometheusFiles(
    localPrometheus({
      targets: Object.fromEntries(
        measured.map(({ name, metrics }) => [name, `127.0.0.1:${metrics!.port + settings.portOffset}`]),
      ),
      alertmanager: `127.0.0.1:${portOf(settings, "alertmanager")}`,
      interval: SCRAPE_INTERVAL,
      links: { langfuse: `http://127.0.0.1:${portOf(settings, "langfuse")}` },
    }),
  );
}

/**
 * Messages leave this machine only when the folder `.tollgate/alertmanager-secrets` has the receivers' secrets (such as
 * `slack/webhook-url`) when it starts; without them Alertmanager shows alerts and sends nothing.
 */
function alertmanagerHere(): Files {
  const secretsFolder = join(workFolder, "alertmanager-secrets");
  mkdirSync(secretsFolder, { recursive: true, mode: 0o700 });
  const heartbeat = join(secretsFolder, "heartbeat", "url");
  return alertmanagerFiles({
    ...defaultSettings,
    secretsFolder,
    without: (Object.keys(SECRET_FILES) as Integration[]).filter(
      (each) => !existsSync(join(secretsFolder, SECRET_FILES[each])),
    ),
    ...(existsSync(heartbeat) ? { heartbeat: { url: readFileSync(heartbeat, "utf8").trim() } } : {}),
  });
}

/** Without the data sources, each named after its service, of what does not run here. */
function grafanaHere(settings: StackSettings, root: string): Files {
  const links = {
    langfuse: `http://127.0.0.1:${portOf(settings, "langfuse")}`,
    tempo: !whyNotHere(service("tempo")),
  };
  const files = grafanaFiles(links, root);
  const isHere = (path: string) => {
    const source = findService(basename(path, ".yaml"));
    return !path.startsWith("provisioning/datasources/") || !source || !whyNotHere(source);
  };
  return Object.fromEntries(Object.entries(files).filter(([path]) => isHere(path)));
}

/** Writes files in place of what a folder held. */
function writeAll(root: string, files: Files, mode = 0o644): void {
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }
}
