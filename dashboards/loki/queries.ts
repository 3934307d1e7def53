/**
 * The log signals that people look for, each stated once: dashboards use them and link to them in Explore.
 *
 * Ours log one JSON object a line; the collector makes `service`, `level` and `environment` labels of it and leaves the rest
 * in the line, so that a query parses what it needs. Loki finds the level of other formats (`detected_level`).
 */

/** The variable of the dashboards, or every environment in Explore. */
const ENVIRONMENT = `environment=~".+"`;

const lines = (service: string, filter = "") => `{service="${service}",${ENVIRONMENT}}${filter}`;

/** Events of a service, each as a line for people; the JSON's fields are behind a click on it. */
const events = (service: string, names: string[], line: string, filter = "") =>
  `${lines(service)} | json | event=~"${names.map((name) => name.replaceAll(".", "\\\\.")).join("|")}"${filter} | line_format "${line}"`;

/** Lines of a service that writes some as JSON and some as text, each as a line for people. */
const messages = (service: string, filter: string) =>
  `${lines(service, filter)} | json | line_format "{{ if .message }}{{.message}}{{ else }}{{ __line__ }}{{ end }}"`;

/** What Loki calls the levels of errors, whatever the service calls them. */
export const ERROR_LEVELS = `detected_level=~"error|critical|fatal"`;

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
        "Each answered question: who asked, of what kind, how long it took, how many calls, and what they cost. Never its text.",
      expr: events(
        "agent",
        ["query.answered"],
        "{{.customer_id}} ({{.plan_tier}}) {{.query_type}}: {{.outcome}} in {{.seconds}} s, LLM calls: {{.llm_calls}}{{ if .cost }} for {{.cost}}{{ end }}{{ if .model_used }}, {{.model_used}}{{ end }}",
      ),
    },
    gcpErrors: {
      title: "GCP API errors",
      description:
        "BigQuery, Recommender or Asset Inventory refused or failed: permissions of the customer's project first.",
      expr: events("agent", ["gcp.error"], "{{.customer_id}} {{.gcp_project}}: {{.message}}"),
    },
    toolRuns: {
      title: "Tool runs",
      description: "Each tool that the agent ran, with its outcome and time.",
      expr: events("agent", ["tool.run"], "{{.tool}}: {{.outcome}} in {{.seconds}} s, {{.customer_id}}"),
    },
  },
  gateway: {
    rateLimits: {
      title: "Rate limit hits",
      description:
        "Calls refused by tokens a minute or calls a session: an agent in a loop, or a limit that is too low.",
      expr: events(
        "gateway",
        ["call.refused"],
        "{{.customer_id}} ({{.plan_tier}}): {{.reason}}, {{.route}}",
        ` | reason=~"tokens_per_minute|session_calls"`,
      ),
    },
    budgets: {
      title: "Budget enforcement",
      description: "Thresholds crossed, calls degraded to a cheaper model, calls refused.",
      expr: events(
        "gateway",
        ["budget.crossed", "call.degraded", "call.refused"],
        "{{.customer_id}} ({{.plan_tier}}): {{.message}}",
      ),
    },
    fallbacks: {
      title: "Model fallbacks",
      description: "A route's own model failed and another was asked: see the provider's errors.",
      expr: events("gateway", ["provider.fallback"], "{{.message}} ({{.customer_id}})"),
    },
    providerErrors: {
      title: "Provider errors",
      description: "What the providers answered instead of a completion, with model and status.",
      expr: events(
        "gateway",
        ["provider.error"],
        "{{.message}}{{ if .customer_id }} ({{.customer_id}}){{ end }}",
      ),
    },
  },
  langfuse: {
    processing: {
      title: "Trace processing errors",
      description: "The worker could not process a trace. The ledger has the costs in any case.",
      expr: messages("langfuse-worker", ` | ${ERROR_LEVELS}`),
    },
    ingestion: {
      title: "Ingestion failures",
      description: "Langfuse refused or lost what the gateway or the agent sent: keys, blob store, Redis.",
      expr: messages("langfuse-web", ` |~ "(?i)ingest|otel" | ${ERROR_LEVELS}`),
    },
  },
  application: {
    authentication: {
      title: "Authentication",
      description: "Customers accepted and rejected. Many rejections without a customer: someone tries keys.",
      expr: events(
        "agent",
        ["auth.accepted", "auth.rejected"],
        "{{.message}}{{ if .customer_id }} ({{.customer_id}}){{ end }}",
      ),
    },
    sessions: {
      title: "Session lifecycle",
      description: "Conversations that began and ended, with their questions and calls.",
      expr: events(
        "agent",
        ["session.started", "session.ended"],
        "{{.customer_id}}: {{.message}}{{ if .turns }}, questions: {{.turns}}, LLM calls: {{.llm_calls}}{{ end }}",
      ),
    },
  },
} as const satisfies Record<string, Record<string, LogQuery>>;

/** Every service's lines at level error. */
export const errorLogs = `{${ENVIRONMENT}} | ${ERROR_LEVELS}`;

/** Lines a second at level error, by service: the course behind the error anomalies. */
export const errorLines = `sum by (service) (rate(${errorLogs} [$__auto]))`;

/** Every saved query, with the group it belongs to. */
export const allLogQueries: (LogQuery & { group: string })[] = Object.entries(logQueries).flatMap(
  ([group, queries]) => Object.values<LogQuery>(queries).map((query) => ({ group, ...query })),
);
