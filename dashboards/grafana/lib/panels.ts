import { PanelBuilder as BarGauge } from "@grafana/grafana-foundation-sdk/bargauge";
import type { Builder } from "@grafana/grafana-foundation-sdk/cog";
import {
  BarGaugeDisplayMode,
  BigValueColorMode,
  BigValueGraphMode,
  GraphDrawStyle,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  LogsSortOrder,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizOrientation,
  VizTextDisplayOptionsBuilder,
  VizTooltipOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import { FieldColorBuilder, FieldColorModeId, type Panel } from "@grafana/grafana-foundation-sdk/dashboard";
import { PanelBuilder as Gauge } from "@grafana/grafana-foundation-sdk/gauge";
import { PanelBuilder as Logs } from "@grafana/grafana-foundation-sdk/logs";
import {
  PanelBuilder as PieChart,
  PieChartLegendOptionsBuilder,
  PieChartLegendValues,
  PieChartType,
} from "@grafana/grafana-foundation-sdk/piechart";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimeline } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import { applySpec, type PanelSpec } from "./panel-spec";
import { oneColor } from "./thresholds";
import { unit, type Unit } from "./units";

export { table } from "./table";

/** One number a series, as it is now: of queries at the end of the time range, so that an old value is never shown. */
export function stat(spec: PanelSpec): Builder<Panel> {
  const coloured = spec.steps !== undefined || spec.states !== undefined;
  const panel = applySpec(new Stat(), { width: 4, height: 4, ...spec })
    .reduceOptions(lastValue())
    .colorMode(coloured ? BigValueColorMode.Background : BigValueColorMode.None)
    .graphMode(BigValueGraphMode.None);
  return spec.unit === unit.usd ? panel.decimals(2) : panel;
}

/** Where an axis ends at least: Grafana's own would go to 100 for a line that is zero throughout. */
const LEAST_TOP: Partial<Record<Unit, number>> = {
  [unit.usd]: 0.01,
  [unit.perSecond]: 0.01,
  [unit.countsPerSecond]: 0.01,
  [unit.count]: 1,
  [unit.seconds]: 0.1,
  [unit.none]: 1,
};

/** Pixels; without them Grafana fills a bar's whole height with its name and cuts long ones. */
const BAR_TEXT = new VizTextDisplayOptionsBuilder().titleSize(12).valueSize(16);

/** Lines over time. */
export function timeSeries(spec: PanelSpec & { stacked?: boolean; bars?: boolean }): Builder<Panel> {
  const panel = applySpec(new TimeSeries(), spec)
    .legend(listLegend())
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    // A single point has no line.
    .showPoints(VisibilityMode.Auto)
    .fillOpacity(spec.stacked || spec.bars ? 40 : 10);
  // Without data Grafana's axis of a share goes to 10,000 %.
  if (spec.unit === unit.share) panel.axisSoftMin(0).axisSoftMax((spec.steps?.at(-1)?.[0] ?? 0.08) * 1.25);
  const top = LEAST_TOP[spec.unit];
  if (top !== undefined) panel.axisSoftMin(0).axisSoftMax(top);
  // Each series in a colour of its own, or two that are healthy look like one; a threshold is a line.
  if (spec.steps)
    panel
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
      .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(GraphThresholdsStyleMode.Dashed));
  if (spec.stacked) panel.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (spec.bars) panel.drawStyle(GraphDrawStyle.Bars);
  return panel;
}

/** A needle a series, on a scale from 0 to 1: shares of a whole. */
export function gauges(spec: PanelSpec): Builder<Panel> {
  return applySpec(new Gauge(), spec).reduceOptions(lastValue()).min(0).max(1).showThresholdMarkers(true);
}

/** How often each value occurred: a bar a bucket of a histogram. */
export function histogram(spec: PanelSpec): Builder<Panel> {
  const more = { "+Inf": [{ id: "displayName", value: "more" }] };
  return bars({ ...spec, overrides: { ...more, ...spec.overrides } });
}

/** A bar a series or, with `rows`, a row of the answer. */
export function bars(spec: PanelSpec & { rows?: true; max?: number }): Builder<Panel> {
  const panel = applySpec(new BarGauge(), spec)
    .reduceOptions(spec.rows ? everyRow() : lastValue())
    .orientation(VizOrientation.Horizontal)
    .displayMode(BarGaugeDisplayMode.Basic)
    .text(BAR_TEXT)
    .min(0);
  if (!spec.steps) panel.colorScheme(oneColor());
  if (spec.unit === unit.share) panel.decimals(1);
  return spec.max === undefined ? panel : panel.max(spec.max);
}

/** Shares of a whole, with values and percentages in the legend. */
export function pie(spec: PanelSpec & { rows?: true }): Builder<Panel> {
  return (
    applySpec(new PieChart(), spec)
      // By name all would be of one colour: slices share the name of their field.
      .colorScheme(new FieldColorBuilder().mode(FieldColorModeId.PaletteClassic))
      .pieType(PieChartType.Donut)
      .reduceOptions(spec.rows ? everyRow() : lastValue())
      .legend(
        new PieChartLegendOptionsBuilder()
          .displayMode(LegendDisplayMode.Table)
          .placement(LegendPlacement.Right)
          .showLegend(true)
          .values([PieChartLegendValues.Value, PieChartLegendValues.Percent]),
      )
  );
}

/** States over time, a line a series, coloured by the thresholds. */
export function timeline(spec: PanelSpec): Builder<Panel> {
  return applySpec(new StateTimeline(), spec)
    .showValue(VisibilityMode.Never)
    .legend(listLegend())
    .mergeValues(true);
}

/** Log lines, newest first. */
export function logLines(spec: Omit<PanelSpec, "unit" | "steps">): Builder<Panel> {
  return applySpec(new Logs(), { ...spec, unit: "none" })
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .sortOrder(LogsSortOrder.Descending);
}

function listLegend(): VizLegendOptionsBuilder {
  return new VizLegendOptionsBuilder().showLegend(true).displayMode(LegendDisplayMode.List);
}

function lastValue(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().calcs(["lastNotNull"]);
}

function everyRow(): ReduceDataOptionsBuilder {
  return new ReduceDataOptionsBuilder().values(true).calcs([]);
}
