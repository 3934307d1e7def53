import { environment, expression, type Block } from "./syntax";

/** The only labels of a log line. What else it says stays in the line: every value of a label is a stream of its own. */
export const LOG_LABELS = ["service", "level", "environment"] as const;

/** Where a source forwards its lines to. */
export const LINES = expression("loki.process.lines.receiver");

const CLICKHOUSE_LEVEL = "^\\d{4}\\.\\d{2}\\.\\d{2} .*?<(?P<clickhouse_level>[A-Z][a-z]+)>";

/**
 * Counts what Langfuse's worker drops when ClickHouse is away (`ClickhouseWriter`): only a line says so, as the jobs count as
 * done. The counter stays between two outages.
 */
const droppedRecords: Block = {
  type: "stage.match",
  attributes: { selector: `{service="langfuse-worker"} |= "Max attempts reached, dropped"` },
  blocks: [
    { type: "stage.regex", attributes: { expression: "dropped (?P<dropped_records>[0-9]+) " } },
    {
      type: "stage.metrics",
      blocks: [
        {
          type: "metric.counter",
          attributes: {
            name: "langfuse_dropped_records_total",
            prefix: "tollgate_",
            description: "Records that Langfuse's worker dropped",
            source: "dropped_records",
            action: "add",
            max_idle_duration: "24h",
          },
        },
      ],
    },
  ],
};

/**
 * What happens to every line on every target: its level becomes a label where it names one, its time is the one that it names. `before` makes a
 * line of what the target wraps around it; `service` is already a label by then.
 */
export function lineProcessing(before: Block[] = []): Block[] {
  return [
    {
      type: "loki.process",
      label: "lines",
      attributes: { forward_to: [expression("loki.write.central.receiver")] },
      blocks: [
        ...before,
        // Loki refuses longer lines, and they are not readable as lines anyway.
        { type: "stage.drop", attributes: { longer_than: "64KB", drop_counter_reason: "too_long" } },
        droppedRecords,
        {
          type: "stage.json",
          attributes: { expressions: { written_level: "level", written_severity: "severity", time: "time" } },
        },
        // ClickHouse writes `<Error>`, which Loki does not take for a level.
        { type: "stage.regex", attributes: { expression: CLICKHOUSE_LEVEL } },
        { type: "stage.template", attributes: { source: "level", template: LEVEL } },
        { type: "stage.labels", attributes: { values: { level: "" } } },
        {
          type: "stage.static_labels",
          attributes: { values: { environment: environment("TOLLGATE_ENVIRONMENT") } },
        },
        { type: "stage.label_keep", attributes: { values: [...LOG_LABELS] } },
        {
          type: "stage.timestamp",
          attributes: { source: "time", format: "RFC3339Nano", action_on_failure: "skip" },
        },
      ],
    },
    {
      type: "loki.write",
      label: "central",
      blocks: [
        {
          type: "endpoint",
          attributes: { url: expression(`sys.env("LOKI_URL") + "/loki/api/v1/push"`) },
        },
      ],
    },
  ];
}

/**
 * Four levels for the many names that programs have for them. A line that names none in one of these ways gets no label: Loki
 * then finds the level in its text (`detected_level`: logfmt, Postgres, Langfuse).
 */
const LEVEL = [
  `{{ $level := "" }}`,
  `{{ if .written_level }}{{ $level = ToLower .written_level }}`,
  `{{ else if .written_severity }}{{ $level = ToLower .written_severity }}`,
  `{{ else if .clickhouse_level }}{{ $level = ToLower .clickhouse_level }}`,
  `{{ else if .platform_severity }}{{ $level = ToLower .platform_severity }}{{ end }}`,
  `{{ if eq $level "debug" "info" "warn" "error" }}{{ $level }}`,
  `{{ else if eq $level "trace" "test" }}debug`,
  `{{ else if eq $level "information" "notice" }}info`,
  `{{ else if eq $level "warning" }}warn`,
  `{{ else if eq $level "fatal" "critical" "alert" "emergency" }}error`,
  `{{ end }}`,
].join("");
