import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { alertmanagerFiles, defaultSettings } from "../../dashboards/alertmanager";
import { localPrometheus, prometheusFiles } from "../../dashboards/prometheus";
import { catalogue } from "../../catalogue";
import { paths, workFolder } from "../../ops/workspace/paths";
import { whyNotHere } from "../target";
import { portOf, type StackSettings } from "./settings";

/** Seconds between scrapes: somebody is watching. */
const SCRAPE_INTERVAL = 5;

/**
 * Writes Prometheus's configuration and rules for this run: the same as on the other targets, with this run's addresses.
 *
 * @returns their folder
 */
export function writePrometheusFiles(settings: StackSettings): string {
  const measured = catalogue.filter((service) => service.metrics && !whyNotHere(service));
  const files = prometheusFiles(
    localPrometheus({
      targets: Object.fromEntries(
        measured.map(({ name, metrics }) => [name, `127.0.0.1:${metrics!.port + settings.portOffset}`]),
      ),
      alertmanager: `127.0.0.1:${portOf(settings, "alertmanager")}`,
      interval: SCRAPE_INTERVAL,
      links: { langfuse: `http://127.0.0.1:${portOf(settings, "langfuse")}` },
    }),
  );
  return writeAll("prometheus-config", files);
}

/**
 * Writes Alertmanager's configuration. Its messages leave this machine only when the folder `.tollgate/alertmanager-secrets`
 * has the receivers' secrets (as `slack/webhook-url`); without them it shows alerts and notes in its log that it cannot
 * deliver them.
 *
 * @returns its folder
 */
export function writeAlertmanagerFiles(): string {
  const secretsFolder = join(workFolder, "alertmanager-secrets");
  mkdirSync(secretsFolder, { recursive: true, mode: 0o700 });
  const heartbeat = join(secretsFolder, "heartbeat", "url");
  return writeAll(
    "alertmanager-config",
    alertmanagerFiles({
      ...defaultSettings,
      secretsFolder,
      ...(existsSync(heartbeat) ? { heartbeat: { url: readFileSync(heartbeat, "utf8").trim() } } : {}),
    }),
    0o600,
  );
}

/** Writes files in place of what a folder of the stack's data held. */
export function writeAll(folder: string, files: Record<string, string>, mode = 0o644): string {
  const root = join(paths.data, folder);
  rmSync(root, { recursive: true, force: true });
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text, { mode });
  }
  return root;
}
