/**
 * The log signals that people look for, each stated once: dashboards use them and link to them in Explore.
 *
 * Ours log one JSON object a line; the collector makes `service`, `level` and `environment` labels of it and leaves the rest
 * in the line, so that a query parses what it needs.
 */

/** The variable of the dashboards, or every environment in Explore. */
const ENVIRONMENT = `environment=~".+"`;

const lines = (service: string, filter = "") => `{service="${service}",${ENVIRONMENT}}${filter}`;

const events = (service: string, ...names: string[]) =>
  `${lines(service)} | json event="event" | event=~"${names.map((name) => name.replaceAll(".", "\\\\.")).join("|")}"`;

export interface LogQuery {
  title: string;
  /** What a line means, and where to look next. */
  description: string;
  expr: string;
}

/** By where the signal comes from, as operations think of it. */
export const logQueries = {
  mcpServer: {
    customerQueries: {
      title: "Customer queries",
      description:
        "Each answered question: who asked, of what kind, how long it took and what it cost. Never its text.",
      expr: events("agent", "query.answered"),
    },
    gcpErrors: {
      title: "GCP API errors",
      description:
        "BigQuery, Recommender or Asset Inventory refused or failed: permissions of the customer's project first.",
      expr: events("agent", "gcp.error"),
    },
    toolRuns: {
      title: "Tool runs",
      description: "Each tool that the agent ran, with its outcome and time.",
      expr: events("agent", "tool.run"),
    },
  },
  gateway: {
    rateLimits: {
      title: "Rate limit hits",
      description:
        "Calls refused by tokens a minute or calls a session: an agent in a loop, or a limit that is too low.",
      expr: `${events("gateway", "call.refused")} | json reason="reason" | reason=~"tokens_per_minute|session_calls"`,
    },
    budgets: {
      title: "Budget enforcement",
      description: "Thresholds crossed, calls degraded to a cheaper model, calls refused.",
      expr: events("gateway", "budget.crossed", "call.degraded", "call.refused"),
    },
    fallbacks: {
      title: "Model fallbacks",
      description: "A route's own model failed and another provider answered: see the provider's errors.",
      expr: events("gateway", "provider.fallback"),
    },
    providerErrors: {
      title: "Provider errors",
      description: "What the providers answered instead of a completion, with model and status.",
      expr: events("gateway", "provider.error"),
    },
  },
  langfuse: {
    processing: {
      title: "Trace processing errors",
      description: "The worker could not process a trace. The ledger has the costs in any case.",
      expr: lines("langfuse-worker", ` |~ "(?i)error|failed"`),
    },
    ingestion: {
      title: "Ingestion failures",
      description: "Langfuse refused or lost what the gateway or the agent sent: keys, blob store, Redis.",
      expr: lines("langfuse-web", ` |~ "(?i)ingest|otel" |~ "(?i)error|failed"`),
    },
  },
  application: {
    authentication: {
      title: "Authentication",
      description:
        "Customers accepted and rejected. Many rejections from nobody known is someone trying keys.",
      expr: events("agent", "auth.accepted", "auth.rejected"),
    },
    sessions: {
      title: "Session lifecycle",
      description: "Conversations that began and ended, with their questions, calls and cost.",
      expr: events("agent", "session.started", "session.ended"),
    },
  },
} as const satisfies Record<string, Record<string, LogQuery>>;

/** Lines a second at level error, by service: the course behind the error anomalies. */
export const errorLines = `sum by (service) (rate({level="error",${ENVIRONMENT}} [$__auto]))`;

/** Every saved query, with the group it belongs to. */
export const allLogQueries: (LogQuery & { group: string })[] = Object.entries(logQueries).flatMap(
  ([group, queries]) => Object.values<LogQuery>(queries).map((query) => ({ group, ...query })),
);
