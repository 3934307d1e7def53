import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboards } from "../../dashboards/grafana";

/** A query as the dashboard's JSON has it. */
export interface PanelQuery {
  refId: string;
  datasource: { uid: string; type: string };
  expr?: string;
  rawSql?: string;
  format?: string;
  legendFormat?: string;
  instant?: boolean;
  /** Time between two points at least, such as `2m`. */
  interval?: string;
}

export type GridPos = Record<"x" | "y" | "w" | "h", number>;

interface FieldOptions {
  unit?: string;
  noValue?: string;
  thresholds?: unknown;
}

/** A panel as Grafana reads it. */
export interface RenderedPanel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource: { uid: string };
  targets: PanelQuery[];
  gridPos: GridPos;
  timeFrom?: string;
  options: unknown;
  fieldConfig: {
    defaults: FieldOptions;
    overrides: { properties: { id: string; value?: unknown }[] }[];
  };
}

/** The five dashboards as their JSON says; links out of Grafana lead to `langfuse`. */
export function renderedDashboards(langfuse = "http://langfuse.test"): Dashboard[] {
  return JSON.parse(JSON.stringify(dashboards({ langfuse }))) as Dashboard[];
}

/** The panels of a dashboard that show data. */
export function panelsOf(dashboard: Dashboard): RenderedPanel[] {
  return (dashboard.panels as unknown as RenderedPanel[]).filter(({ type }) => type !== "row");
}
