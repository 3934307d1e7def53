import type { Frame, FrameField } from "./frames";
import type { RenderedPanel } from "./panels";

/** Panels that show single values: each is read as it is shown. */
const OF_VALUES = new Set(["stat", "gauge", "bargauge", "piechart"]);

/** What no reader could take for right in what a panel shows: a number that is none, parts of an event, two series of one name. */
export function wrongIn({ type, fieldConfig }: RenderedPanel, frames: Frame[]): string | undefined {
  const { unit } = fieldConfig.defaults;
  const numbers = frames.flatMap(({ schema, data }) =>
    schema.fields.flatMap((field, i) =>
      field.type === "number" ? [{ field, values: data.values[i]!, notFinite: data.entities?.[i] }] : [],
    ),
  );
  for (const { field, values, notFinite } of numbers) {
    const name = nameOf(field);
    if (OF_VALUES.has(type)) {
      if (notFinite) return `"${name}" is not a number`;
      const part = values.find((value) => typeof value === "number" && !Number.isInteger(value));
      if (unit === "short" && part !== undefined)
        return `"${name}" is ${String(part)} of what is counted in ones`;
    }
    const negative = values.find((value) => typeof value === "number" && value < 0);
    if (unit !== "currencyUSD" && unit !== "none" && negative !== undefined)
      return `"${name}" is ${String(negative)}, below zero`;
  }
  if (type === "table" || frames.some(({ schema }) => schema.fields.length > 2)) return undefined;
  const names = numbers.map(({ field }) => nameOf(field));
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  return twice === undefined ? undefined : `two series are called "${twice}"`;
}

function nameOf({ name, config, labels }: FrameField): string {
  return config?.displayNameFromDS ?? [name, ...Object.values(labels ?? {})].join(" ");
}
