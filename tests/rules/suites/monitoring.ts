import { composePrometheus } from "../../../dashboards/prometheus";
import { atWindow, changing, holds } from "../support/measure";
import type { Expected, Fires, Quiet, Suite } from "../support/suite";

const up = (job: string) => `up{job="${job}",instance="${job}:1"}`;
const jobs = composePrometheus().jobs;

/** Without these customers get no answer, or budgets are enforced unseen. */
const severityOf = (job: string) =>
  ["agent", "gateway", "ledger-exporter"].includes(job) ? ("critical" as const) : ("warning" as const);

const down = (job: string): Expected => ({
  severity: severityOf(job),
  service: job,
  team: "platform",
  labels: { job, instance: `${job}:1` },
  summary: `${job} at ${job}:1 does not answer`,
  dashboard: "infrastructure",
});
const missing = (job: string): Expected => ({
  severity: severityOf(job),
  service: job,
  team: "platform",
  labels: { job },
  summary: `Nothing of ${job} is scraped`,
  dashboard: "infrastructure",
});

/** Every job answers, but one. */
const allBut = (absent: string, values: string, others = "1x30"): Record<string, string> =>
  Object.fromEntries(jobs.map((job) => [up(job), job === absent ? values : others]));

const pipeline = (alert: string, series: string[], expected: Expected): (Fires | Quiet)[] => [
  {
    alert,
    shows: "fires when it has failed for 5 minutes",
    series: Object.fromEntries(series.map((each) => [each, "0x5 1x30"])),
    onset: "11m",
    alerts: [expected],
    also: ["14m"],
    ends: "18m",
  },
  {
    alert,
    shows: "is quiet while the count does not grow",
    series: { [series[0]!]: "3x30" },
    quietAt: "25m",
  },
];

const ofExporter = `job="cloud-metrics",component_id="otelcol.exporter.otlphttp.history"`;
const exporter = { [`otelcol_exporter_queue_capacity{${ofExporter},data_type="metrics"}`]: "1000x40" };
const traces = `otelcol_exporter_queue_capacity{job="tempo",data_type="traces"}`;
const sent = `otelcol_exporter_sent_metric_points_total{${ofExporter}}`;
const refused = `otelcol_exporter_send_failed_metric_points_total{${ofExporter}}`;
const historyGap: Expected = {
  severity: "warning",
  service: "cloud-metrics",
  team: "platform",
  labels: { job: "cloud-metrics" },
  summary: "The history has a gap",
  dashboard: "alerts-incidents",
};

const PIPELINE: Record<string, string> = {
  NotificationsFailing: `alertmanager_notifications_failed_total{integration="slack"}`,
  AlertsNotSent: "prometheus_notifications_errors_total",
  RemoteWriteFailing: `prometheus_remote_storage_samples_failed_total{job="prometheus"}`,
  RuleEvaluationFailing: `prometheus_rule_evaluation_failures_total{rule_group="spend"}`,
};

export const monitoringSuite: Suite = {
  group: "monitoring",
  interval: 60,
  measures: Object.entries(PIPELINE).map(([alert, series]) =>
    holds(alert, true, atWindow(600, "takes the first failure", { [series]: changing(0, 0.09, 0.09) })),
  ),
  cases: [
    {
      alert: "Watchdog",
      shows: "fires always",
      series: {},
      onset: "0m",
      alerts: [
        {
          severity: "info",
          service: "prometheus",
          team: "platform",
          summary: "The alert pipeline works",
          dashboard: "alerts-incidents",
        },
      ],
      also: ["1h"],
    },
    ...[...jobs, "loki"].flatMap((job): (Fires | Quiet)[] => [
      {
        alert: "TargetDown",
        shows: `fires when ${job} does not answer for 3 minutes`,
        series: { ...allBut(job, "1 0x20"), [up(job)]: "1 0x20" },
        onset: "4m",
        alerts: [down(job)],
      },
    ]),
    {
      alert: "TargetDown",
      shows: "is quiet while all answer, or fail shorter",
      series: allBut("gateway", "1 0 0 0 1x20"),
      quietAt: ["4m", "10m"],
    },
    ...jobs.map((job): Fires => ({
      alert: "TargetMissing",
      shows: `fires when ${job} is not there for 10 minutes`,
      series: allBut(job, "1 stale"),
      onset: "11m",
      alerts: [missing(job)],
    })),
    {
      alert: "TargetMissing",
      shows: "is quiet for a target that is down: it is there",
      series: allBut("gateway", "0x30", "0x30"),
      quietAt: "25m",
    },
    ...pipeline(
      "NotificationsFailing",
      ["clientError", "serverError"].map(
        (reason) => `alertmanager_notifications_failed_total{integration="slack",reason="${reason}"}`,
      ),
      {
        severity: "critical",
        service: "alertmanager",
        team: "platform",
        labels: { integration: "slack" },
        summary: "Alertmanager cannot notify through slack",
        values: ["2"],
        dashboard: "alerts-incidents",
      },
    ),
    ...pipeline(
      "AlertsNotSent",
      ["one", "two"].map((at) => `prometheus_notifications_errors_total{alertmanager="http://${at}:9093"}`),
      {
        severity: "critical",
        service: "prometheus",
        team: "platform",
        summary: "Prometheus cannot hand its alerts to Alertmanager",
        values: ["2"],
        dashboard: "alerts-incidents",
      },
    ),
    ...pipeline(
      "RemoteWriteFailing",
      ["one", "two"].map(
        (remote) =>
          `prometheus_remote_storage_samples_failed_total{job="prometheus",remote_name="${remote}"}`,
      ),
      {
        severity: "warning",
        service: "prometheus",
        team: "platform",
        labels: { job: "prometheus" },
        summary: "prometheus loses samples that it writes on",
        values: ["2"],
        dashboard: "alerts-incidents",
      },
    ),
    {
      alert: "HistoryFailing",
      shows: "fires when samples are refused for 5 minutes",
      series: { ...exporter, [sent]: "0+400x30", [refused]: "0x5 200x30" },
      onset: "11m",
      alerts: [historyGap],
      also: ["14m"],
      ends: "18m",
    },
    {
      alert: "HistoryFailing",
      shows: "fires when one sample is refused",
      series: { ...exporter, [sent]: "0+400x30", [refused]: "0x9 1x20" },
      onset: "15m",
      alerts: [historyGap],
    },
    {
      alert: "HistoryFailing",
      shows: "fires when the collector has sent nothing for 10 minutes",
      series: { ...exporter, [sent]: "0+400x5 2000x30", [refused]: "0x30" },
      onset: "20m",
      alerts: [historyGap],
      also: ["30m"],
    },
    {
      alert: "HistoryFailing",
      shows: "fires when the collector never sends",
      series: exporter,
      onset: "5m",
      alerts: [historyGap],
    },
    {
      alert: "HistoryFailing",
      shows: "fires for the collector that sends nothing while another sends",
      series: {
        ...exporter,
        [sent]: "0+400x40",
        [`otelcol_exporter_queue_capacity{job="other",data_type="metrics"}`]: "1000x40",
      },
      onset: "5m",
      alerts: [{ ...historyGap, service: "other", labels: { job: "other" } }],
    },
    {
      alert: "HistoryFailing",
      shows: "is quiet where one sample goes in 10 minutes",
      series: { ...exporter, [sent]: "0x9 1x9 2x9 3x9" },
      quietAt: "35m",
    },
    {
      alert: "HistoryFailing",
      shows: "is quiet where samples go, and where there is no history",
      series: { ...exporter, [sent]: "0+400x30", [refused]: "200x30", [traces]: "1000x30" },
      quietAt: "25m",
    },
    ...pipeline(
      "RuleEvaluationFailing",
      ["one", "two"].map(
        (server) => `prometheus_rule_evaluation_failures_total{rule_group="spend",instance="${server}"}`,
      ),
      {
        severity: "warning",
        service: "prometheus",
        team: "platform",
        labels: { rule_group: "spend" },
        summary: "Prometheus cannot evaluate rules of spend",
        values: ["2"],
        dashboard: "alerts-incidents",
      },
    ),
  ],
};
