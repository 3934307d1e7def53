import type { Builder, Dataquery } from "@grafana/grafana-foundation-sdk/cog";
import type { DataSourceRef } from "@grafana/grafana-foundation-sdk/common";
import { MappingType } from "@grafana/grafana-foundation-sdk/dashboard";
import type {
  DashboardLink,
  DynamicConfigValue,
  FieldColor,
  ThresholdsConfig,
  ValueMapping,
} from "@grafana/grafana-foundation-sdk/dashboard";
import type { Query } from "./queries";
import { colorMode, thresholdsConfig, type State, type Steps } from "./thresholds";
import type { Unit } from "./units";

/** What every panel says about itself. */
export interface PanelSpec {
  title: string;
  /** What the reader learns from it, and what to do when it looks wrong. */
  description: string;
  unit: Unit;
  queries: Query[];
  /** Of the grid's 24 columns; 8 unless the kind of panel says otherwise. */
  width?: number;
  /** In grid units of 30 pixels. */
  height?: number;
  /** Colours by value. Without them a panel is one colour a series. */
  steps?: Steps;
  links?: Builder<DashboardLink>[];
  /** Changes of single fields, by their name. */
  overrides?: Record<string, DynamicConfigValue[]>;
  /** Shown where there are no values: says that this is good news, or what is missing. */
  noValue?: string;
  /** Always this time up to now, such as `24h`, whatever the dashboard's time range is. */
  last?: string;
  /** Words and colours for single values: a state that is a number in Prometheus is read as a word. */
  states?: Record<number, State>;
}

/** What the SDK's panel builders have in common. */
interface CommonBuilder {
  title(title: string): this;
  description(description: string): this;
  span(width: number): this;
  height(height: number): this;
  unit(unit: string): this;
  noValue(text: string): this;
  timeFrom(range: string): this;
  datasource(source: DataSourceRef): this;
  withTarget(target: Builder<Dataquery>): this;
  thresholds(thresholds: Builder<ThresholdsConfig>): this;
  colorScheme(color: Builder<FieldColor>): this;
  dataLinks(links: Builder<DashboardLink>[]): this;
  overrideByName(name: string, properties: DynamicConfigValue[]): this;
  mappings(mappings: ValueMapping[]): this;
}

/** Sets on a panel what its spec says. */
export function applySpec<Panel extends CommonBuilder>(panel: Panel, spec: PanelSpec): Panel {
  panel
    .title(spec.title)
    .description(spec.description)
    .span(spec.width ?? 8)
    .height(spec.height ?? 8)
    .unit(spec.unit)
    .thresholds(thresholdsConfig(spec.steps ?? []))
    .colorScheme(colorMode(spec.steps));
  panel.datasource(sourceOf(spec.queries));
  spec.queries.forEach((query, i) => panel.withTarget(query.build(String.fromCharCode(65 + i))));
  if (spec.links) panel.dataLinks(spec.links);
  if (spec.noValue) panel.noValue(spec.noValue);
  if (spec.last) panel.timeFrom(spec.last);
  if (spec.states) panel.mappings([statesMapping(spec.states)]);
  for (const [field, properties] of Object.entries(spec.overrides ?? {}))
    panel.overrideByName(field, properties);
  return panel;
}

function statesMapping(states: Record<number, State>): ValueMapping {
  const options = Object.entries(states).map(([value, state], index) => [value, { ...state, index }]);
  return { type: MappingType.ValueToText, options: Object.fromEntries(options) };
}

function sourceOf(queries: Query[]): DataSourceRef {
  const [first, ...others] = new Set(queries.map(({ source }) => source));
  return first && others.length === 0 ? first : { type: "datasource", uid: "-- Mixed --" };
}
