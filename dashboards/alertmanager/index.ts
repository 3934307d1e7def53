import { readFileSync } from "node:fs";
import { join } from "node:path";
import { alertmanagerConfig, defaultSettings, HEARTBEAT_FILE, type AlertmanagerSettings } from "./config";

export {
  defaultSettings,
  HEARTBEAT_FILE,
  SECRET_FILES,
  type AlertmanagerSettings,
  type Integration,
} from "./config";

/** Alertmanager's files by their path in its configuration folder. */
export function alertmanagerFiles(settings: AlertmanagerSettings): Record<string, string> {
  const template = "templates/tollgate.tmpl";
  return {
    "alertmanager.yml": alertmanagerConfig(settings),
    [template]: readFileSync(join(__dirname, template), "utf8"),
  };
}

/** `generated/alertmanager/`: what Compose mounts. */
export function renderAlertmanagerFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(alertmanagerFiles({ ...defaultSettings, heartbeat: HEARTBEAT_FILE })).map(
      ([path, text]) => [`alertmanager/${path}`, text],
    ),
  );
}
