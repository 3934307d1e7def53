import { listens } from "./listens";
import { ports } from "./ports";
import type { ServiceSpec } from "./spec";

export const application = {
  agent: {
    title: "Agent (MCP server)",
    layer: "application",
    phase: 1,
    image: "agent",
    args: [{ program: "agent" }],
    port: ports.agent,
    // Metrics have a separate port: the service's port is public on Google Cloud.
    extraPorts: { metrics: ports.agentMetrics },
    memoryMiB: 512,
    cpu: 0.5,
    probe: { path: "/readyz", livePath: "/healthz", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.agentMetrics },
    env: {
      TOLLGATE_GATEWAY_URL: { url: "gateway" },
      TOLLGATE_AGENT_KEY: { secret: "agent-key" },
      TOLLGATE_LEDGER_URL: { secret: "ledger-agent-url" },
      TOLLGATE_ENVIRONMENT: { setting: "environment" },
      TOLLGATE_DATA_SOURCE: { setting: "dataSource" },
      TOLLGATE_PUBLIC_URL: { setting: "publicUrl" },
      TOLLGATE_OAUTH_ISSUER: { setting: "oauthIssuer" },
      TOLLGATE_TRACE_TEXTS: { setting: "traceTexts" },
      LANGFUSE_HOST: { url: "langfuse-web" },
      LANGFUSE_PUBLIC_KEY: { secret: "langfuse-public-key" },
      LANGFUSE_SECRET_KEY: { secret: "langfuse-secret-key" },
      TEMPO_URL: { url: "tempo", extra: "otlp" },
      METRICS_PORT: { port: "agent", extra: "metrics" },
    },
    targetEnv: listens("agent"),
    exposedTo: "customers",
    published: "everywhere",
    affinity: true,
    vital: true,
    grants: [
      { role: "roles/bigquery.jobUser", on: "project", why: "runs its queries of billing exports here" },
    ],
    dependsOn: ["gateway", "postgres"],
  },
} as const satisfies Record<string, ServiceSpec>;
