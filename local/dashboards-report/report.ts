import { Client } from "pg";
import { externalMetrics } from "../../dashboards/metrics/external";
import { interpolateExpr, interpolateSql, type Range } from "./interpolate";
import { panelsOf, renderedDashboards, type PanelQuery, type RenderedPanel } from "./panels";

/** `quiet`: no data, and the panel says that this is good news. `not local`: its server cannot run on this machine. */
export type Outcome = "data" | "quiet" | "no data" | "not local" | "error";

export interface PanelReport {
  dashboard: string;
  panel: string;
  outcome: Outcome;
  /** Why it is neither `data` nor `no data`; for `data` how many of its queries answer. */
  note: string;
}

/** The servers that the panels ask. */
export interface Servers {
  /** Prometheus's address, without a slash at the end. */
  prometheus: string;
  /** Postgres URL of the role `ledger_reader`. */
  ledger: string;
}

type Answer = { outcome: Exclude<Outcome, "quiet">; note: string };

/**
 * Asks every query of every panel as Grafana would and reports, panel by panel, whether there is data.
 *
 * @param range The time range, ending now, with every variable at "All".
 * @throws Error when the ledger cannot be reached at all.
 */
export async function reportPanels(servers: Servers, range: Range): Promise<PanelReport[]> {
  const ledger = new Client(servers.ledger);
  await ledger.connect();
  try {
    const reports: PanelReport[] = [];
    for (const dashboard of renderedDashboards()) {
      for (const panel of panelsOf(dashboard)) {
        const answers: Answer[] = [];
        for (const query of panel.targets) answers.push(await ask(query, servers, ledger, range));
        reports.push({ dashboard: dashboard.title!, panel: panel.title, ...summary(panel, answers) });
      }
    }
    return reports;
  } finally {
    await ledger.end();
  }
}

function summary(panel: RenderedPanel, answers: Answer[]): Pick<PanelReport, "outcome" | "note"> {
  const of = (outcome: Outcome) => answers.filter((answer) => answer.outcome === outcome);
  const { noValue } = panel.fieldConfig.defaults;
  if (of("error").length > 0) return of("error")[0]!;
  if (of("data").length > 0) return { outcome: "data", note: `${of("data").length}/${answers.length}` };
  if (of("not local").length > 0) return of("not local")[0]!;
  return noValue ? { outcome: "quiet", note: noValue } : { outcome: "no data", note: "" };
}

async function ask(asked: PanelQuery, servers: Servers, ledger: Client, range: Range): Promise<Answer> {
  try {
    if (asked.datasource.type === "loki") return { outcome: "not local", note: "Loki" };
    if (asked.rawSql) {
      const { rowCount } = await ledger.query(interpolateSql(asked.rawSql, range));
      return { outcome: rowCount ? "data" : "no data", note: "" };
    }
    const expr = interpolateExpr(asked.expr!, range);
    const answers = asked.instant
      ? hasValue(servers.prometheus, expr)
      : hasSamples(servers.prometheus, expr, range);
    if (await answers) return { outcome: "data", note: "" };
    const server = serverElsewhere(expr);
    return server ? { outcome: "not local", note: server } : { outcome: "no data", note: "" };
  } catch (error) {
    return { outcome: "error", note: (error as Error).message };
  }
}

/** The server that a query needs and this machine cannot have. */
function serverElsewhere(expr: string): string | undefined {
  // The sample data stand in for Google Cloud's APIs, which need no waiting.
  if (expr.includes("tollgate_agent_gcp_api")) return "Google Cloud's APIs";
  return externalMetrics.find(({ name, local }) => !local && expr.includes(name))?.server;
}

/** Whether an expression has a finite value anywhere in the range. */
async function hasSamples(prometheus: string, expr: string, { seconds }: Range): Promise<boolean> {
  const end = Date.now() / 1000;
  const series = await query<{ values: [number, string][] }>(prometheus, "query_range", {
    query: expr,
    start: String(end - seconds),
    end: String(end),
    step: String(Math.max(1, Math.round(seconds / 200))),
  });
  return series.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
}

/** Whether an expression has a finite value now, as a tile asks that says what is now. */
async function hasValue(prometheus: string, expr: string): Promise<boolean> {
  const series = await query<{ value: [number, string] }>(prometheus, "query", { query: expr });
  return series.some(({ value: [, value] }) => Number.isFinite(Number(value)));
}

async function query<Series>(
  prometheus: string,
  path: "query" | "query_range",
  parameters: Record<string, string>,
): Promise<Series[]> {
  const response = await fetch(`${prometheus}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
    signal: AbortSignal.timeout(10_000),
  });
  const { status, error, data } = (await response.json()) as {
    status: string;
    error?: string;
    data?: { result: Series[] };
  };
  if (status !== "success") throw new Error(`Prometheus refuses ${parameters.query}: ${error}`);
  return data!.result;
}
