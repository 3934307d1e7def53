import { externalMetrics } from "../../dashboards/metrics/external";
import { catalogue } from "../../catalogue";
import { hasValues, type Frame } from "./frames";
import type { Range } from "./interpolate";
import { whyNotHere } from "../target";
import { panelsOf, renderedDashboards, type PanelQuery, type RenderedPanel } from "./panels";
import { connectSources, type Servers } from "./sources";
import { wrongIn } from "./wrong";

/** `quiet`: no data, and the panel has a word for that. `not local`: its server cannot run on this machine. */
export type Outcome = "data" | "quiet" | "no data" | "wrong" | "not local" | "error";

export interface PanelReport {
  dashboard: string;
  panel: string;
  outcome: Outcome;
  /** Why it is neither `data` nor `no data`; for `data` how many of its queries answer, for `quiet` what the panel says. */
  note: string;
}

type Answer = { outcome: Exclude<Outcome, "quiet" | "wrong">; note: string; frames?: Frame[] };

/**
 * Asks every query of every panel as Grafana would and reports, panel by panel, whether there is data.
 *
 * @param range With every variable at "All".
 */
export async function reportPanels(servers: Servers, range: Range): Promise<PanelReport[]> {
  const sources = connectSources(servers);
  try {
    const reports: PanelReport[] = [];
    for (const dashboard of renderedDashboards())
      for (const panel of panelsOf(dashboard))
        reports.push({
          dashboard: dashboard.title!,
          panel: panel.title,
          ...(await judge(panel, (query) => sources.ask(query, range))),
        });
    return reports;
  } finally {
    await sources.close();
  }
}

/** What a panel shows, from what its queries are answered. */
export async function judge(
  panel: RenderedPanel,
  answer: (query: PanelQuery) => Promise<Frame[]>,
): Promise<Pick<PanelReport, "outcome" | "note">> {
  const answers: Answer[] = [];
  for (const query of panel.targets) answers.push(await ask(query, answer));
  return summary(panel, answers);
}

function summary(panel: RenderedPanel, answers: Answer[]): Pick<PanelReport, "outcome" | "note"> {
  const of = (outcome: Answer["outcome"]) => answers.filter((answer) => answer.outcome === outcome);
  const quiet = panel.type === "logs" ? "no such line" : panel.fieldConfig.defaults.noValue;
  const [failed] = of("error");
  if (failed) return { outcome: "error", note: failed.note };
  const wrong = wrongIn(
    panel,
    answers.flatMap(({ frames = [] }) => frames),
  );
  if (wrong) return { outcome: "wrong", note: wrong };
  if (of("data").length > 0) return { outcome: "data", note: `${of("data").length}/${answers.length}` };
  const [elsewhere] = of("not local");
  if (elsewhere) return { outcome: "not local", note: elsewhere.note };
  return quiet ? { outcome: "quiet", note: quiet } : { outcome: "no data", note: "" };
}

async function ask(query: PanelQuery, answer: (query: PanelQuery) => Promise<Frame[]>): Promise<Answer> {
  try {
    const frames = await answer(query);
    if (hasValues(frames)) return { outcome: "data", note: "", frames };
    const server = serverElsewhere(query.expr ?? "");
    return server ? { outcome: "not local", note: server } : { outcome: "no data", note: "", frames };
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
