import { readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { generated } from "./promtool";

interface Config {
  receivers: { name: string; webhook_configs?: Record<string, unknown>[] }[];
}

/**
 * Alertmanager's configuration as committed, for Debian's 0.25, which takes the heartbeat's URL itself and not a file that
 * holds it: https://github.com/prometheus/alertmanager/pull/3223
 *
 * @throws Error when there is anything else to be replaced than that.
 */
export function forDebian(): string {
  const config = parse(readFileSync(generated("alertmanager/alertmanager.yml"), "utf8")) as Config;
  const [webhook, ...others] = config.receivers.flatMap(({ webhook_configs = [] }) => webhook_configs);
  if (!webhook?.url_file || others.length > 0)
    throw new Error("expected one webhook, with a file of its URL");
  delete webhook.url_file;
  webhook.url = "http://heartbeat.invalid";
  // The templates are tested by the server itself.
  return stringify({ ...config, templates: [] });
}
