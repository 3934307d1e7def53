import { DashboardLinkBuilder, DashboardLinkType } from "@grafana/grafana-foundation-sdk/dashboard";
import type { DashboardUid } from "../../links";

/** Every dashboard of the project has it, and the menu of dashboards lists those that do. */
export const TAG = "tollgate";

/** The menu of the project's dashboards; the time range and the variables go along. */
export function dashboardMenu(): DashboardLinkBuilder {
  return new DashboardLinkBuilder("Tollgate")
    .type(DashboardLinkType.Dashboards)
    .tags([TAG])
    .asDropdown(true)
    .includeVars(true)
    .keepTime(true);
}

/** From a value to a dashboard, with variables set from the row: `{ customer: "customer_id" }`. */
export function toDashboard(
  title: string,
  uid: DashboardUid,
  fields: Record<string, string>,
): DashboardLinkBuilder {
  const variables = Object.entries(fields).map(
    ([variable, field]) => `var-${variable}=\${__data.fields.${field}}`,
  );
  const url = `/d/${uid}?${[...variables, "${__url_time_range}"].join("&")}`;
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url);
}

/** From a row to a page outside Grafana, whose last part is a field of the row. */
export function toPage(title: string, url: string, field: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title)
    .type(DashboardLinkType.Link)
    .url(`${url}/\${__data.fields.${field}}`)
    .targetBlank(true);
}

/** From anywhere to Grafana's Explore, with a Loki query filled in. */
export function toExplore(title: string, expr: string, uid: string): DashboardLinkBuilder {
  const panes = {
    logs: {
      datasource: uid,
      queries: [{ refId: "A", expr, datasource: { type: "loki", uid } }],
      range: { from: "now-1h", to: "now" },
    },
  };
  const url = `/explore?schemaVersion=1&panes=${encodeURIComponent(JSON.stringify(panes))}`;
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).icon("doc");
}
