import {
  panelsOf,
  renderedDashboards,
  type PanelQuery,
  type RenderedPanel,
} from "../../../local/dashboards/panels";

export type { GridPos, RenderedPanel } from "../../../local/dashboards/panels";

export const rendered = renderedDashboards();

/** Every panel that shows data, with its dashboard: `[uid, title, panel]`, for `test.each`. */
export const panels = rendered.flatMap((dashboard) =>
  panelsOf(dashboard).map((panel): [string, string, RenderedPanel] => [dashboard.uid!, panel.title, panel]),
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
