import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  FieldConfigOptionsRegistry,
  FieldType,
  type DataFrame,
  type Field,
  type FieldConfigPropertyItem,
  type FieldConfigSource,
  type GrafanaTheme2,
  type ThresholdsConfig,
} from "@grafana/data";
import { replaceVariables } from "./variables";

const STANDARD = [
  "unit",
  "min",
  "max",
  "decimals",
  "displayName",
  "noValue",
  "thresholds",
  "mappings",
  "color",
  "links",
];
const ONLY_NUMBERS = ["min", "max", "thresholds"];

/** Frames with the panel's field options applied, as Grafana applies them before it draws. */
export function withOptions(
  frames: DataFrame[],
  fieldConfig: FieldConfigSource,
  theme: GrafanaTheme2,
): DataFrame[] {
  const shown = applyFieldOverrides({
    data: frames,
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig),
    replaceVariables,
    theme,
    timeZone: "utc",
  });
  // Tables and colours take a field's name from here.
  cacheFieldDisplayNames(shown);
  return shown;
}

/** Every option that the panel sets: Grafana's panels register theirs, here the JSON says which there are. */
function registryOf({ defaults, overrides }: FieldConfigSource): FieldConfigOptionsRegistry {
  const set = overrides.flatMap(({ properties }) => properties.map(({ id }) => id));
  const custom = [
    ...Object.keys(defaults.custom ?? {}),
    ...set.flatMap((id) => (id.startsWith("custom.") ? [id.slice("custom.".length)] : [])),
  ];
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((path) => item(path, false)),
    ...[...new Set(custom)].map((path) => item(path, true)),
  ]);
}

function item(path: string, isCustom: boolean): FieldConfigPropertyItem {
  return {
    id: isCustom ? `custom.${path}` : path,
    path,
    isCustom,
    name: path,
    editor: () => null,
    override: () => null,
    settings: {},
    shouldApply: ({ type }: Field) => !ONLY_NUMBERS.includes(path) || type === FieldType.number,
    process: (value: unknown) => (path === "thresholds" ? withBase(value as ThresholdsConfig) : value),
  } as unknown as FieldConfigPropertyItem;
}

/** JSON has no minus infinity: the lowest step is saved as null. */
function withBase(thresholds?: ThresholdsConfig): ThresholdsConfig | undefined {
  const steps = thresholds?.steps.map((step) => ({ ...step, value: step.value ?? -Infinity }));
  return thresholds && { ...thresholds, steps: steps! };
}
