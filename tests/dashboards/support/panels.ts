import type { Dashboard, Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboards } from "../../../dashboards/grafana";

export interface PanelQuery {
  refId: string;
  datasource: { uid: string; type: string };
  expr?: string;
  rawSql?: string;
  format?: string;
  legendFormat?: string;
}

export type GridPos = Record<"x" | "y" | "w" | "h", number>;

/** A panel as Grafana reads it from the file. */
export type RenderedPanel = Omit<Panel, "targets" | "gridPos" | "datasource"> & {
  targets: PanelQuery[];
  gridPos: GridPos;
  datasource: { uid: string };
};

/** The five dashboards as their JSON says. */
export const rendered = JSON.parse(
  JSON.stringify(dashboards({ langfuse: "http://langfuse.test" })),
) as Dashboard[];

/** Every panel that shows data, with its dashboard: `[uid, title, panel]`, for `test.each`. */
export const panels = rendered.flatMap(({ uid, panels = [] }) =>
  (panels as unknown as RenderedPanel[])
    .filter(({ type }) => type !== "row")
    .map((panel): [string, string, RenderedPanel] => [uid!, panel.title!, panel]),
);

/** Every query of a data source, annotations and variables too: `[where, text, format]`. */
export function queriesOf(source: "prometheus" | "loki" | "ledger"): [string, string, string][] {
  const ofPanels = panels.flatMap(([uid, title, { targets }]) =>
    targets.map((query): [string, PanelQuery] => [`${uid}: ${title} (${query.refId})`, query]),
  );
  const ofAnnotations = rendered.flatMap(({ uid, annotations }) =>
    (annotations?.list ?? []).map((annotation): [string, PanelQuery] => [
      `${uid}: annotation ${annotation.name}`,
      annotation.target as unknown as PanelQuery,
    ]),
  );
  const ofVariables = rendered.flatMap(({ uid, templating }) =>
    (templating?.list ?? [])
      .filter(({ datasource }) => datasource)
      .map((variable): [string, PanelQuery] => [
        `${uid}: variable ${variable.name}`,
        {
          refId: "",
          datasource: variable.datasource as PanelQuery["datasource"],
          rawSql: variable.query as string,
        },
      ]),
  );
  return [...ofPanels, ...ofAnnotations, ...ofVariables]
    .filter(([, { datasource }]) => datasource.uid === source)
    .map(([where, { expr, rawSql, format = "" }]) => [where, (expr ?? rawSql)!, format]);
}
