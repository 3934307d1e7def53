import { externalMetrics } from "../../dashboards/metrics/external";
import { catalogue } from "../../catalogue";
import { hasValues } from "./frames";
import type { Range } from "./interpolate";
import { whyNotHere } from "../target";
import { panelsOf, renderedDashboards, type PanelQuery, type RenderedPanel } from "./panels";
import { connectSources, type Servers, type Sources } from "./sources";

/** `quiet`: no data, and that is good news. `not local`: its server cannot run on this machine. */
export type Outcome = "data" | "quiet" | "no data" | "not local" | "error";

export interface PanelReport {
  dashboard: string;
  panel: string;
  outcome: Outcome;
  /** Why it is neither `data` nor `no data`; for `data` how many of its queries answer. */
  note: string;
}

type Answer = { outcome: Exclude<Outcome, "quiet">; note: string };

/**
 * Asks every query of every panel as Grafana would and reports, panel by panel, whether there is data.
 *
 * @param range With every variable at "All".
 */
export async function reportPanels(servers: Servers, range: Range): Promise<PanelReport[]> {
  const sources = connectSources(servers);
  try {
    const reports: PanelReport[] = [];
    for (const dashboard of renderedDashboards()) {
      for (const panel of panelsOf(dashboard)) {
        const answers: Answer[] = [];
        for (const query of panel.targets) answers.push(await ask(query, sources, range));
        reports.push({ dashboard: dashboard.title!, panel: panel.title, ...summary(panel, answers) });
      }
    }
    return reports;
  } finally {
    await sources.close();
  }
}

function summary(panel: RenderedPanel, answers: Answer[]): Pick<PanelReport, "outcome" | "note"> {
  const of = (outcome: Outcome) => answers.filter((answer) => answer.outcome === outcome);
  const quiet = panel.type === "logs" ? "no such line" : panel.fieldConfig.defaults.noValue;
  if (of("error").length > 0) return of("error")[0]!;
  if (of("data").length > 0) return { outcome: "data", note: `${of("data").length}/${answers.length}` };
  if (of("not local").length > 0) return of("not local")[0]!;
  return quiet ? { outcome: "quiet", note: quiet } : { outcome: "no data", note: "" };
}

async function ask(query: PanelQuery, sources: Sources, range: Range): Promise<Answer> {
  try {
    if (hasValues(await sources.ask(query, range))) return { outcome: "data", note: "" };
    const server = serverElsewhere(query.expr ?? "");
    return server ? { outcome: "not local", note: server } : { outcome: "no data", note: "" };
  } catch (error) {
    return { outcome: "error", note: (error as Error).message };
  }
}

/** The server that a query needs and this machine cannot have. */
function serverElsewhere(expr: string): string | undefined {
  // Sample data replaces Google Cloud's APIs, which are not called.
  if (expr.includes("tollgate_agent_gcp_api")) return "Google Cloud's APIs";
  const service = catalogue.find((each) => whyNotHere(each) && expr.includes(`service="${each.name}"`));
  return service?.title ?? externalMetrics.find(({ name, local }) => !local && expr.includes(name))?.server;
}
