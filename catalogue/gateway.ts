import { ports } from "./ports";
import type { ServiceSpec } from "./spec";

export const gateway = {
  gateway: {
    title: "LiteLLM proxy with the guard",
    layer: "gateway",
    phase: 1,
    image: "gateway",
    args: [
      "--config",
      { path: "/etc/tollgate/config.yaml" },
      "--host",
      { setting: "bindAddress" },
      "--port",
      { port: "gateway" },
    ],
    port: ports.gateway,
    // Twice what was measured at most: 499 MiB with 64 callers of 40 KB prompts (docs/operate.md).
    memoryMiB: 1024,
    cpu: 0.5,
    probe: { path: "/health/readiness", livePath: "/health/liveliness", startupSeconds: 120 },
    metrics: { path: "/metrics", port: ports.gateway },
    env: {
      TOLLGATE_AGENT_KEY: { secret: "agent-key" },
      TOLLGATE_AGENT_KEYS: { secret: "agent-keys" },
      TOLLGATE_JUDGE_KEY: { secret: "judge-key" },
      TOLLGATE_LEDGER_URL: { secret: "ledger-guard-url" },
      TOLLGATE_GUARD_CONFIG: { path: "/etc/tollgate/guard.json" },
      TOLLGATE_ENVIRONMENT: { setting: "environment" },
      TOLLGATE_TRACE_TEXTS: { setting: "traceTexts" },
      // Without it malloc gives each thread an arena, and no other thread uses what one frees.
      MALLOC_ARENA_MAX: "2",
      // LiteLLM would fetch its price list from the internet at each start; the guard has its own prices.
      LITELLM_LOCAL_MODEL_COST_MAP: "True",
      ANTHROPIC_API_KEY: { secret: "anthropic-api-key" },
      LANGFUSE_HOST: { url: "langfuse-web" },
      LANGFUSE_PUBLIC_KEY: { secret: "langfuse-public-key" },
      LANGFUSE_SECRET_KEY: { secret: "langfuse-secret-key" },
      TEMPO_URL: { url: "tempo", extra: "otlp" },
      REDIS_HOST: { host: "cache" },
      REDIS_PORT: { port: "cache" },
      REDIS_PASSWORD: { secret: "cache-password" },
    },
    targetEnv: {
      gcp: {
        VERTEXAI_PROJECT: { setting: "project" },
        // The newest Gemini models are served from the global endpoint only.
        VERTEXAI_LOCATION: "global",
        REDIS_SSL: "true",
        REDIS_SSL_CA_CERTS: "/etc/tollgate-cache/ca.pem",
        // Memorystore's certificate has its address in the common name only, which no client accepts as a name.
        REDIS_SSL_CHECK_HOSTNAME: "False",
      },
      compose: { VERTEXAI_PROJECT: { setting: "project" }, VERTEXAI_LOCATION: "global" },
    },
    configFiles: { "/etc/tollgate": "gateway" },
    secretFiles: { "/etc/tollgate-cache/ca.pem": "cache-certificate" },
    grants: [{ role: "roles/aiplatform.user", on: "project", why: "calls Gemini on Vertex AI" }],
    enforcesBudgets: true,
    vital: true,
    dependsOn: ["postgres", "cache"],
  },
} as const satisfies Record<string, ServiceSpec>;
