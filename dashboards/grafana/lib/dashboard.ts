import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  DashboardBuilder,
  DashboardCursorSync,
  RowBuilder,
  type Dashboard,
  type Panel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { DashboardUid } from "../../links";
import { alertAnnotation, crossingAnnotation } from "./annotations";
import { dashboardMenu, TAG } from "./links";
import { variables } from "./variables";

/** Panels under a heading, placed from left to right over 24 columns. */
export interface Row {
  title: string;
  panels: Builder<Panel>[];
}

export interface DashboardSpec {
  uid: DashboardUid;
  title: string;
  description: string;
  /** The time range that it opens with. */
  from: string;
  refresh: string;
  rows: Row[];
}

/** A dashboard as Grafana reads it: read-only, in UTC as the budgets' months are, with the variables and marks of all. */
export function dashboard(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags([TAG])
    .timezone("utc")
    .time({ from: spec.from, to: "now" })
    .refresh(spec.refresh)
    .readonly()
    .tooltip(DashboardCursorSync.Crosshair)
    .variables(variables())
    .annotations([alertAnnotation(), crossingAnnotation()])
    .link(dashboardMenu());
  for (const { title, panels } of spec.rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel);
  }
  const built = builder.build();
  // Grafana numbers panels when a person saves them; a file that a program writes has to do it itself.
  built.panels?.forEach((panel, i) => (panel.id = i + 1));
  return built;
}
