import { dataFrameFromJSON, type DataFrame, type DataFrameJSON, type FieldConfigSource } from "@grafana/data";
import type { DataTransformerConfig } from "@grafana/schema";

export interface Query {
  refId: string;
  datasource: { uid: string; type: string };
}

/** A panel as the dashboard's JSON has it. */
export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: Query[];
  transformations?: DataTransformerConfig[];
  /** Always this time up to now, such as `24h`. */
  timeFrom?: string;
  fieldConfig: FieldConfigSource;
  options: Record<string, never>;
}

export interface Variable {
  name: string;
  label?: string;
  type: string;
  options?: { text: string; value: string }[];
}

export interface Dashboard {
  uid: string;
  title: string;
  description?: string;
  time: { from: string; to: string };
  refresh: string;
  panels: Panel[];
  templating: { list: Variable[] };
  annotations: {
    list: { name: string; iconColor: string; datasource: Query["datasource"]; target: Query }[];
  };
}

/** What every query of a dashboard is asked for. */
export interface Asked {
  /** Milliseconds since 1970. */
  from: number;
  to: number;
  chosen: Record<string, string[]>;
}

const UNITS: Record<string, number> = { m: 60, h: 3_600, d: 86_400 };

/** Seconds of `15m`, `6h`, `30d`. */
export function secondsOf(text: string): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(text) ?? ["", "30", "s"];
  return Number(count) * (UNITS[unit] ?? 1);
}

export async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/**
 * The frames of some queries.
 *
 * @param points As many points as a graph has room for.
 * @throws Error with what the data source says against the first query that it refuses.
 */
export async function ask(
  queries: Query[],
  { from, to, chosen }: Asked,
  points: number,
): Promise<DataFrame[]> {
  const response = await fetch("/api/query", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ queries, from, to, chosen, points }),
  });
  if (!response.ok) throw new Error(await response.text());
  const { frames, error } = (await response.json()) as { frames: DataFrameJSON[]; error?: string };
  if (error) throw new Error(error);
  return frames.map((frame) => dataFrameFromJSON(frame));
}
