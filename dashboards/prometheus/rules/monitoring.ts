import { catalogue } from "../../../catalogue";
import { thresholds } from "../../thresholds";
import { growth } from "./promql";
import type { Alert } from "./rule";
import { WATCHDOG } from "../../watchdog";

const { targets, pipeline } = thresholds;

const VITAL: readonly string[] = catalogue.filter(({ vital }) => vital).map(({ name }) => name);

const down = {
  name: "TargetDown",
  service: "{{ $labels.job }}",
  team: "platform",
  for: targets.downFor,
  summary: "{{ $labels.job }} at {{ $labels.instance }} does not answer",
  description: `Prometheus has failed to scrape it for ${targets.downFor}. Alerts that rest on its metrics are blind.`,
  dashboard: "infrastructure",
} as const;

/** What watches the watching: a target that is gone, or an alert that is not delivered. */
export function monitoringAlerts(jobs: readonly string[]): Alert[] {
  return [
    {
      name: WATCHDOG,
      severity: "info",
      service: "prometheus",
      team: "platform",
      expr: "vector(1)",
      summary: "The alert pipeline works",
      description:
        "Always fires. Alertmanager sends it to a heartbeat outside, which raises the alarm when it stops.",
      dashboard: "alerts-incidents",
    },
    { ...down, severity: "critical", expr: `up{job=~"${VITAL.join("|")}"} == 0` },
    { ...down, severity: "warning", expr: `up{job!~"${VITAL.join("|")}"} == 0` },
    ...jobs.map((job): Alert => ({
      name: "TargetMissing",
      severity: VITAL.includes(job) ? "critical" : "warning",
      service: job,
      team: "platform",
      // A target that left the configuration, or an exporter that never came, is not "down": it is not there.
      expr: `absent(up{job="${job}"})`,
      for: targets.missingFor,
      summary: `Nothing of ${job} is scraped`,
      description: `There has been no series of this job for ${targets.missingFor}: its alerts are silent because they
          are blind, not because all is well.`,
      dashboard: "infrastructure",
    })),
    {
      name: "NotificationsFailing",
      severity: "critical",
      service: "alertmanager",
      team: "platform",
      expr: `${growth("alertmanager_notifications_failed_total", pipeline.window, ["integration"])} > 0`,
      for: pipeline.for,
      summary: "Alertmanager cannot notify through {{ $labels.integration }}",
      description: `{{ printf "%.0f" $value }} notifications of the last ${pipeline.window} failed. Check the secret file,
        the network and the other side's status.`,
      dashboard: "alerts-incidents",
    },
    {
      name: "AlertsNotSent",
      severity: "critical",
      service: "prometheus",
      team: "platform",
      expr: `${growth("prometheus_notifications_errors_total", pipeline.window)} > 0`,
      for: pipeline.for,
      summary: "Prometheus cannot hand its alerts to Alertmanager",
      description: `{{ printf "%.0f" $value }} alerts of the last ${pipeline.window} were not accepted. While this lasts nobody is notified
        of anything: look at Prometheus' own page of alerts.`,
      dashboard: "alerts-incidents",
    },
    {
      name: "RemoteWriteFailing",
      severity: "warning",
      service: "{{ $labels.job }}",
      team: "platform",
      expr: `${growth("prometheus_remote_storage_samples_failed_total", pipeline.window, ["job"])} > 0`,
      for: pipeline.for,
      summary: "{{ $labels.job }} loses samples that it writes on",
      description: `{{ printf "%.0f" $value }} samples of the last ${pipeline.window} were refused for good. What is lost is missing in
        alerts and panels.`,
      dashboard: "alerts-incidents",
    },
    {
      name: "HistoryFailing",
      severity: "warning",
      service: "{{ $labels.job }}",
      team: "platform",
      expr: historyFails(),
      for: pipeline.for,
      summary: "The history has a gap",
      description: `In the last ${pipeline.window} Managed Service for Prometheus refused samples for good, or got none. Alerts and panels are
        whole; a look back over weeks has a gap.`,
      dashboard: "alerts-incidents",
    },
    {
      name: "RuleEvaluationFailing",
      severity: "warning",
      service: "prometheus",
      team: "platform",
      expr: `${growth("prometheus_rule_evaluation_failures_total", pipeline.window, ["rule_group"])} > 0`,
      for: pipeline.for,
      summary: "Prometheus cannot evaluate rules of {{ $labels.rule_group }}",
      description: `{{ printf "%.0f" $value }} evaluations of the last ${pipeline.window} failed: the alerts of this group
        are blind. Its log names the rule and the reason.`,
      dashboard: "alerts-incidents",
    },
  ];
}

/** Samples were lost, or a collector that has an exporter sends none. */
function historyFails(): string {
  const points = (what: string) =>
    `${growth(`otelcol_exporter_${what}_metric_points_total`, pipeline.window, ["job"])} > 0`;
  const exporters = `group by (job) (otelcol_exporter_queue_capacity{data_type="metrics"})`;
  return `${points("send_failed")} or ${exporters} unless on (job) (${points("sent")})`;
}
