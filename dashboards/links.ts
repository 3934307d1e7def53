/** Where the links in alerts and dashboards lead. Each target has its own. */
export interface Links {
  /** Grafana's address, without a slash at the end. */
  grafana: string;
  /** Langfuse's address, without a slash at the end; its pages are under `/project/<LANGFUSE_PROJECT>`. */
  langfuse: string;
  /** The folder of the runbook pages, without a slash at the end. */
  runbooks: string;
}

/** The Grafana dashboards that alerts point to, by uid. */
export type DashboardUid =
  "executive-overview" | "llm-cost-operations" | "agent-performance" | "infrastructure" | "alerts-incidents";

/** The project that Langfuse is set up with (`LANGFUSE_INIT_PROJECT_ID`). */
export const LANGFUSE_PROJECT = "tollgate";
