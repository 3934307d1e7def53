/** The three layers of the stack; the data stores belong to the layer they serve first. */
export type Layer = "application" | "gateway" | "llm-observability" | "infrastructure";

/** A rollout phase: 1 gateway and Langfuse, 2 Prometheus and Grafana, 3 logs, 4 alerting, 5 infrastructure traces. */
export type Phase = 1 | 2 | 3 | 4 | 5;
