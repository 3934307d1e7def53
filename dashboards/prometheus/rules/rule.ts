import type { DashboardUid, Links } from "../../links";

export const SEVERITIES = ["critical", "warning", "info"] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Who looks at an alert first: the platform's operators, or those who own what customers cost. */
export type Team = "platform" | "finops";

/** An alert as it is written; `toRule` makes a Prometheus rule of it. */
export interface Alert {
  name: string;
  severity: Severity;
  /** The catalogue's service that it is about; a template of the alert's own labels where it is about several. */
  service: string;
  team: Team;
  expr: string;
  /** How long the condition must hold, as a Prometheus duration; at once when left out. */
  for?: string;
  /** One line: what is wrong, with the number. */
  summary: string;
  /** What it means and the first thing to do. */
  description: string;
  dashboard: DashboardUid;
  /** More labels that distinguish two rules of one name. */
  labels?: Record<string, string>;
  /** More annotations, as a link to a trace. */
  annotations?: (links: Links) => Record<string, string>;
}

export interface Recording {
  record: string;
  expr: string;
  labels?: Record<string, string>;
}

/** A rule in Prometheus's own form. */
export interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  for?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface RuleGroup {
  name: string;
  interval?: string;
  rules: Rule[];
}

/** The Prometheus rule of an alert, with its labels, its runbook and its dashboard. */
export function toRule(alert: Alert, links: Links): Rule {
  return {
    alert: alert.name,
    expr: oneLine(alert.expr),
    ...(alert.for ? { for: alert.for } : {}),
    labels: { severity: alert.severity, service: alert.service, team: alert.team, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: oneLine(alert.description),
      runbook_url: `${links.runbooks}/${alert.name}.md`,
      dashboard_url: `${links.grafana}/d/${alert.dashboard}`,
      ...alert.annotations?.(links),
    },
  };
}

/** The text with each run of white space as one blank, so that a rendered rule is one line. */
export function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
