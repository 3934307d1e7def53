/** Every port of the stack, once. The local target shifts them all by `--port-offset`. */
export const ports = {
  agent: 8080,
  agentMetrics: 9464,
  gateway: 4000,
  langfuse: 3000,
  langfuseWorker: 3030,
  postgres: 5432,
  clickhouse: 8123,
  clickhouseNative: 9000,
  clickhouseMetrics: 9363,
  redis: 6379,
  blobStore: 9002,
  prometheus: 9090,
  alertmanager: 9093,
  loki: 3100,
  alloy: 12345,
  cloudMetrics: 12346,
  grafana: 3001,
  /** Of an instance that several services share. */
  router: 8081,
  tempo: 3200,
  /** Spans, by OTLP over HTTP. */
  otlp: 4318,
  ledgerExporter: 9187,
  /** Only on the local target. */
  llmSimulator: 4010,
} as const;
