import { stringify } from "yaml";
import { WATCHDOG } from "../watchdog";
import { inhibitions } from "./inhibitions";

/** The file of each integration's secret, below the folder of secrets. */
export const SECRET_FILES = {
  slack: "slack/webhook-url",
  pagerduty: "pagerduty/routing-key",
  email: "smtp/password",
} as const;

export type Integration = keyof typeof SECRET_FILES;

/** Where the alerts go and as whom. Secrets are files, read at each notification. */
export interface AlertmanagerSettings {
  /** Folder of {@link SECRET_FILES}. */
  secretsFolder: string;
  /** What has no secret here: nothing is sent there, and so nothing fails. Default: none. */
  without?: Integration[];
  email: {
    /** Who in operations gets the budget warnings. */
    to: string;
    from: string;
    /** `host:port` of a mail server that speaks STARTTLS. */
    smarthost: string;
    username: string;
  };
  /**
   * The URL of a dead man's switch that the Watchdog is sent to, or the file that holds it: the URL is a secret, and
   * Alertmanager before 0.26 reads none from a file. Without it the Watchdog goes nowhere.
   */
  heartbeat?: { url: string } | { url_file: string };
  /** Where PagerDuty's events go; its own address when left out. */
  pagerdutyUrl?: string;
  /** How long a group waits for its first message, and between messages. Shorter ones are for tests. */
  groupWait?: string;
  groupInterval?: string;
}

/** What Compose and the gcp stack mount the secrets under; see the catalogue. */
const SECRETS_FOLDER = "/etc/alertmanager-secrets";

/** The heartbeat's URL, as the catalogue mounts it. */
export const HEARTBEAT_FILE = { url_file: `${SECRETS_FOLDER}/heartbeat/url` };

/** Placeholder addresses until the stack's configuration names real ones. */
export const defaultSettings: AlertmanagerSettings = {
  secretsFolder: SECRETS_FOLDER,
  email: {
    to: "operations@tollgate.invalid",
    from: "alerts@tollgate.invalid",
    smarthost: "smtp.tollgate.invalid:587",
    username: "alerts@tollgate.invalid",
  },
};

/** Alertmanager's routes, receivers and inhibitions, kept to what both 0.25 (Debian's) and the image accept. */
export function alertmanagerConfig(settings: AlertmanagerSettings): string {
  const config = {
    global: {
      resolve_timeout: "5m",
      ...(settings.pagerdutyUrl ? { pagerduty_url: settings.pagerdutyUrl } : {}),
    },
    templates: ["templates/*.tmpl"],
    route: route(settings),
    receivers: receivers(settings),
    inhibit_rules: inhibitions,
  };
  return stringify(config, { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * One message a cause: alerts of one name and service come together. What concerns one customer or one session comes alone,
 * and once: it stays true for days.
 */
function route({ groupWait = "30s", groupInterval = "5m" }: AlertmanagerSettings): object {
  return {
    receiver: "slack",
    group_by: ["alertname", "service"],
    group_wait: groupWait,
    group_interval: groupInterval,
    repeat_interval: "12h",
    routes: [
      {
        matchers: [`alertname="${WATCHDOG}"`],
        receiver: "heartbeat",
        group_by: ["alertname"],
        group_wait: "0s",
        group_interval: "1m",
        // The switch outside should wait at least twice as long.
        repeat_interval: "5m",
      },
      { matchers: [`severity="critical"`], receiver: "slack-and-pagerduty", repeat_interval: "4h" },
      { matchers: [`severity="info"`], receiver: "log" },
      {
        matchers: [`alertname="CustomerBudget80"`],
        receiver: "slack-and-email",
        group_by: ["alertname", "customer_id"],
        // As long as Alertmanager remembers (120 h by default) and no longer.
        repeat_interval: "96h",
      },
      {
        matchers: [`alertname="RunawaySession"`],
        receiver: "slack",
        group_by: ["alertname", "customer_id", "session_id"],
        repeat_interval: "96h",
      },
      { matchers: [`severity="warning"`], receiver: "slack" },
    ],
  };
}

function receivers({ secretsFolder, without = [], email, heartbeat }: AlertmanagerSettings): object[] {
  const secretOf = (integration: Integration) => `${secretsFolder}/${SECRET_FILES[integration]}`;
  const slack = {
    api_url_file: secretOf("slack"),
    send_resolved: true,
    color: `{{ template "tollgate.color" . }}`,
    title: `{{ template "tollgate.title" . }}`,
    title_link: `{{ template "tollgate.dashboard" . }}`,
    text: `{{ template "tollgate.text" . }}`,
    fallback: `{{ template "tollgate.title" . }}`,
    footer: `{{ template "tollgate.footer" . }}`,
    actions: [
      { type: "button", text: "Runbook", url: `{{ template "tollgate.runbook" . }}` },
      { type: "button", text: "Dashboard", url: `{{ template "tollgate.dashboard" . }}` },
    ],
  };
  const pagerduty = {
    routing_key_file: secretOf("pagerduty"),
    send_resolved: true,
    severity: "critical",
    class: "{{ .GroupLabels.alertname }}",
    component: "{{ .GroupLabels.service }}",
    description: `{{ template "tollgate.title" . }}`,
    client: "Tollgate",
    client_url: `{{ template "tollgate.dashboard" . }}`,
    details: { description: `{{ template "tollgate.text" . }}` },
    links: [{ text: "Runbook", href: `{{ template "tollgate.runbook" . }}` }],
  };
  const mail = {
    to: email.to,
    from: email.from,
    smarthost: email.smarthost,
    auth_username: email.username,
    auth_password_file: secretOf("email"),
    require_tls: true,
    send_resolved: false,
    headers: { Subject: `{{ template "tollgate.title" . }}` },
    text: `{{ template "tollgate.mail" . }}`,
    html: "",
  };
  const configs = { slack, pagerduty, email: mail };
  const receiver = (name: string, integrations: Integration[]) => ({
    name,
    ...Object.fromEntries(
      integrations
        .filter((each) => !without.includes(each))
        .map((each) => [`${each}_configs`, [configs[each]]]),
    ),
  });
  return [
    receiver("slack", ["slack"]),
    receiver("slack-and-pagerduty", ["slack", "pagerduty"]),
    receiver("slack-and-email", ["slack", "email"]),
    // No notification: the guard has logged what happened, and Prometheus and Alertmanager show it.
    { name: "log" },
    {
      name: "heartbeat",
      ...(heartbeat ? { webhook_configs: [{ ...heartbeat, send_resolved: false, max_alerts: 1 }] } : {}),
    },
  ];
}
