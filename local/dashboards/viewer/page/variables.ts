import type { DataFrame, Field, ScopedVars } from "@grafana/data";

interface DataContext {
  frame: DataFrame;
  field: Field;
  rowIndex?: number;
  calculatedValue?: { text: string };
}

/**
 * Fills in what the dashboards' links use of Grafana's variables: `${__data.fields.NAME}`, `${__data.fields.labels.NAME}` and
 * `${__url_time_range}`.
 */
export function replaceVariables(text: string, scoped?: ScopedVars): string {
  const context = scoped?.__dataContext?.value as DataContext | undefined;
  return text.replace(/\$\{([^}]+)\}/g, (whole, name: string) => {
    if (name === "__url_time_range") return timeRangeOfUrl();
    const field = /^__data\.fields\.(.+)$/.exec(name)?.[1];
    return field === undefined || !context ? whole : encodeURIComponent(valueOf(field, context));
  });
}

function valueOf(name: string, { frame, field, rowIndex }: DataContext): string {
  const label = /^labels\.(.+)$/.exec(name)?.[1];
  if (label) return field.labels?.[label] ?? "";
  const found = frame.fields.find((each) => each.name === name || each.config.displayName === name);
  return String(found?.values[rowIndex ?? 0] ?? "");
}

function timeRangeOfUrl(): string {
  const parameters = new URLSearchParams(location.search);
  const kept = ["from", "to", "theme"].flatMap((name) => {
    const value = parameters.get(name);
    return value ? [`${name}=${encodeURIComponent(value)}`] : [];
  });
  return kept.join("&");
}
