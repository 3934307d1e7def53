import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { alertmanagerFiles, defaultSettings } from "../../dashboards/alertmanager";
import { localPrometheus, prometheusFiles } from "../../dashboards/prometheus";
import type { Running } from "../../local/processes";
import { startService } from "../../local/target";
import { freePort, type Stack } from "./gateway";
import { startNotificationReceiver, type NotificationReceiver } from "./notification-receiver";

/** A stack's real monitoring, up to the receivers of its messages. */
export interface Monitoring {
  prometheus: Running;
  alertmanager: Running;
  receiver: NotificationReceiver;
  /** Alerts that Alertmanager has, with the receivers that they are routed to. */
  alerts(): Promise<ActiveAlert[]>;
  stop(): Promise<void>;
}

export interface ActiveAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  receivers: { name: string }[];
}

/**
 * Starts the ledger's exporter, Prometheus and Alertmanager with the rendered rules, and a receiver of their messages.
 *
 * Three things are not as in production, so that a test takes seconds: samples and evaluations every second, every `for` one
 * second, and Alertmanager groups for one second. Expressions, thresholds, windows, labels and routes are the same.
 */
export async function startMonitoring(stack: Stack): Promise<Monitoring> {
  const started: { stop(): Promise<void> }[] = [];
  const stop = async () => {
    for (const each of started.reverse()) await each.stop();
  };
  const keep = <T extends { stop(): Promise<void> }>(running: T): T => {
    started.push(running);
    return running;
  };
  const folder = join(stack.folder, "monitoring");
  const alertmanagerConfig = join(folder, "alertmanager-config");
  const prometheusConfig = join(folder, "prometheus-config");

  try {
    const receiver = await startNotificationReceiver(await freePort());
    keep({ stop: () => receiver.close() });

    const machine = {
      ...stack.machine,
      data: join(folder, "data"),
      logFile: (name: string) => join(folder, `${name}.log`),
      folders: { alertmanager: () => alertmanagerConfig, prometheus: () => prometheusConfig },
    };
    const exporter = keep(await startService("ledger-exporter", machine));

    writeFiles(join(folder, "secrets"), {
      "slack/webhook-url": `${receiver.url}/slack`,
      "pagerduty/routing-key": "a-routing-key",
      "smtp/password": "unused",
    });
    writeFiles(
      alertmanagerConfig,
      alertmanagerFiles({
        ...defaultSettings,
        secretsFolder: join(folder, "secrets"),
        pagerdutyUrl: `${receiver.url}/pagerduty`,
        groupWait: "1s",
        groupInterval: "1s",
      }),
    );
    const alertmanager = keep(await startService("alertmanager", machine));

    writeFiles(
      prometheusConfig,
      prometheusFiles(
        localPrometheus({
          targets: {
            gateway: `127.0.0.1:${stack.gateway.port}`,
            "ledger-exporter": `127.0.0.1:${exporter.port}`,
            alertmanager: `127.0.0.1:${alertmanager.port}`,
          },
          alertmanager: `127.0.0.1:${alertmanager.port}`,
          interval: 1,
          holdFor: "1s",
        }),
      ),
    );
    const prometheus = keep(await startService("prometheus", machine));
    const alerts = async () =>
      (await (await fetch(`${alertmanager.url}/api/v2/alerts`)).json()) as ActiveAlert[];
    return { prometheus, alertmanager, receiver, alerts, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}
