import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  TableCellBackgroundDisplayMode,
  TableCellDisplayMode,
  type TableCellOptions,
} from "@grafana/grafana-foundation-sdk/common";
import type {
  DashboardLink,
  DataTransformerConfig,
  DynamicConfigValue,
  Panel,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Table } from "@grafana/grafana-foundation-sdk/table";
import { applySpec, type PanelSpec } from "./panel-spec";
import { thresholdsConfig, type Steps } from "./thresholds";
import { unit as units, type Unit } from "./units";

/** How a column looks, when it is more than text. */
export interface Column {
  unit?: Unit;
  /** Digits after the point of an amount of money: 2 unless it is that of a call. */
  decimals?: number;
  steps?: Steps;
  /** A bar from 0 to 1, a small graph, or a background in the colour of the thresholds. */
  cell?: "bar" | "sparkline" | "background";
  link?: Builder<DashboardLink>;
  /** Not shown, but there for links. */
  hidden?: true;
  /** The heading, where it is not the column's name. */
  title?: string;
  /** Pixels, for what must be readable whole. */
  width?: number;
}

/** Pixels of a column: Grafana's own 150 hide the last of eight columns on half a screen. */
const NARROWEST = 85;

/** Pixels of what must be readable whole in any font: a session's UUID, a trace's 32 digits, a customer's id. */
export const [SESSION, TRACE, CUSTOMER] = [320, 300, 128];

/** A moment. Without a unit Grafana shows some columns of times with milliseconds and others without. */
export const TIME: Column = { unit: units.time, width: 124 };

const CELLS: Record<NonNullable<Column["cell"]>, TableCellOptions> = {
  bar: { type: TableCellDisplayMode.Gauge, mode: BarGaugeDisplayMode.Basic },
  sparkline: { type: TableCellDisplayMode.Sparkline, hideValue: true },
  background: { type: TableCellDisplayMode.ColorBackground, mode: TableCellBackgroundDisplayMode.Basic },
};

/** Rows and columns. `columns` styles them by name; `transform` joins or renames before that. */
export function table(
  spec: Omit<PanelSpec, "unit" | "overrides"> & {
    columns?: Record<string, Column>;
    transform?: DataTransformerConfig[];
  },
): Builder<Panel> {
  const panel = applySpec(new Table(), { ...spec, unit: "string" })
    .filterable((spec.width ?? 0) > 12)
    .minWidth(NARROWEST);
  // A panel's text for "no rows" would fill each empty cell too.
  if (spec.noValue) panel.overrideByRegexp("/.*/", [{ id: "noValue", value: "-" }]);
  for (const [name, column] of Object.entries(spec.columns ?? {})) {
    panel.overrideByName(name, properties(column));
  }
  for (const transformation of spec.transform ?? []) panel.withTransformation(transformation);
  return panel;
}

function properties({
  unit,
  decimals = 2,
  steps,
  cell,
  link,
  hidden,
  title,
  width,
}: Column): DynamicConfigValue[] {
  const set: DynamicConfigValue[] = [];
  if (unit) set.push({ id: "unit", value: unit });
  if (unit === units.usd) set.push({ id: "decimals", value: decimals });
  if (unit === units.share) set.push({ id: "decimals", value: 1 });
  if (steps) set.push({ id: "thresholds", value: thresholdsConfig(steps).build() });
  if (steps) set.push({ id: "color", value: { mode: "thresholds" } });
  if (cell) set.push({ id: "custom.cellOptions", value: CELLS[cell] });
  if (cell === "bar") set.push({ id: "min", value: 0 }, { id: "max", value: 1 });
  if (link) set.push({ id: "links", value: [link.build()] });
  if (title) set.push({ id: "displayName", value: title });
  if (width) set.push({ id: "custom.width", value: width });
  if (hidden) set.push({ id: "custom.hideFrom.viz", value: true });
  return set;
}
