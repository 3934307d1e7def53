import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import { stringify } from "yaml";

/** The provisioned data sources, by what they hold. Dashboards refer to them by these uids. */
export const sources = {
  prometheus: { uid: "prometheus", type: "prometheus" },
  loki: { uid: "loki", type: "loki" },
  ledger: { uid: "ledger", type: "grafana-postgresql-datasource" },
  alertmanager: { uid: "alertmanager", type: "alertmanager" },
  tempo: { uid: "tempo", type: "tempo" },
} as const satisfies Record<string, DataSourceRef>;

/**
 * Links of a field of a log line: in the line itself, where Python's JSON has a space after the colon, and as the label that a
 * query's `| json` makes of it, since panels show a sentence in the line's place.
 *
 * @param name Unique among the links: Grafana matches all of a name by the first of them.
 */
const logLinks = (
  name: string,
  field: string,
  link: { url: string; urlDisplayLabel: string; datasourceUid?: string },
) => [
  { name, matcherType: "regex", matcherRegex: `"${field}":\\s*"([^"]+)"`, ...link },
  { name: `${name} of the panel`, matcherType: "label", matcherRegex: `^${field}$`, ...link },
];

/**
 * Grafana's provisioning files. Addresses and the password come from the container's environment (`$NAME` is Grafana's own
 * syntax); `$$` is a plain dollar sign.
 *
 * @param langfuse Address of the Langfuse project's pages, without a slash at the end.
 * @param hasTempo Whether there is a Tempo to look into, and to lead to from log lines.
 */
export function dataSourceFiles(langfuse: string, hasTempo: boolean): Record<string, string> {
  const provisioned = [
    {
      name: "Prometheus",
      ...sources.prometheus,
      url: "$PROMETHEUS_URL",
      isDefault: true,
      jsonData: { httpMethod: "POST", timeInterval: "15s", alertmanagerUid: sources.alertmanager.uid },
    },
    {
      name: "Loki",
      ...sources.loki,
      url: "$LOKI_URL",
      jsonData: {
        derivedFields: [
          ...logLinks("trace_id", "trace_id", {
            url: `${langfuse}/traces/$\${__value.raw}`,
            urlDisplayLabel: "Langfuse trace",
          }),
          ...logLinks("session_id", "session_id", {
            url: `${langfuse}/sessions/$\${__value.raw}`,
            urlDisplayLabel: "Langfuse session",
          }),
          // The same id is a trace's in Langfuse and in Tempo.
          ...(hasTempo
            ? logLinks("trace", "trace_id", {
                url: "$${__value.raw}",
                urlDisplayLabel: "Way through the services",
                datasourceUid: sources.tempo.uid,
              })
            : []),
        ],
      },
    },
    {
      name: "Ledger",
      ...sources.ledger,
      url: "$LEDGER_HOST:$LEDGER_PORT",
      user: "ledger_reader",
      secureJsonData: { password: "$LEDGER_READER_PASSWORD" },
      jsonData: {
        database: "ledger",
        sslmode: "$LEDGER_SSL_MODE",
        tlsConfigurationMethod: "file-path",
        sslRootCertFile: "$LEDGER_SSL_CA",
        postgresVersion: 1500,
        maxOpenConns: 5,
        maxIdleConns: 2,
      },
    },
    {
      name: "Alertmanager",
      ...sources.alertmanager,
      url: "$ALERTMANAGER_URL",
      jsonData: { implementation: "prometheus", handleGrafanaManagedAlerts: false },
    },
  ];
  const tempo = {
    name: "Tempo",
    ...sources.tempo,
    url: "$TEMPO_URL",
    jsonData: {
      tracesToLogsV2: {
        datasourceUid: sources.loki.uid,
        tags: [{ key: "service.name", value: "service" }],
        filterByTraceID: true,
        spanStartTimeShift: "-1m",
        spanEndTimeShift: "1m",
      },
      nodeGraph: { enabled: true },
    },
  };
  return {
    "provisioning/datasources/tollgate.yaml": provisioning(provisioned),
    ...(hasTempo ? { "provisioning/datasources/tempo.yaml": provisioning([tempo]) } : {}),
  };
}

function provisioning(datasources: object[]): string {
  const readOnly = datasources.map((source) => ({ ...source, access: "proxy", editable: false }));
  return stringify({ apiVersion: 1, prune: true, datasources: readOnly }, { lineWidth: 0 });
}
