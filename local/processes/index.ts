/** Starters of the stack's processes, used by `npm start` and by the end-to-end tests alike. */
export { startAgent, type AgentOptions } from "./agent";
export { startAlertmanager, type AlertmanagerOptions } from "./alertmanager";
export { findTool } from "./debian-tool";
export { startGateway, type GatewayOptions } from "./gateway";
export type { LangfuseAccess } from "./langfuse";
export { startLedgerExporter, type LedgerExporterOptions } from "./ledger-exporter";
export { startLlmSimulator, type LlmSimulatorOptions } from "./llm-simulator";
export { migrateLedger } from "./migrate-ledger";
export { startOtlpSink, type OtlpSinkOptions, type RunningOtlpSink } from "./otlp-sink";
export { startPostgres, type PostgresOptions, type RunningPostgres } from "./postgres";
export { processes, startProcess, tail, type Exit, type Running, type Started } from "./process";
export { startPrometheus, type PrometheusOptions } from "./prometheus";
export { startRedis, type RedisOptions } from "./redis";
export { httpReady, isListening, poll, tcpReady, type ReadyCheck } from "./ready";
