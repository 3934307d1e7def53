import { frameOf, type Frame } from "../frames";
import { interpolateExpr, stepOf, type Range } from "../interpolate";
import { seconds } from "../../../dashboards/prometheus/rules/promql";
import type { PanelQuery } from "../panels";

interface Series {
  metric: Record<string, string>;
  /** Over time one a step, `null` where there is none: Grafana's component sees the gaps of the first series only. */
  points: [seconds: number, value: string | null][];
}

/**
 * A query's answer in the frames that Grafana's data source makes of it.
 *
 * @param url Prometheus's address, without a slash at the end.
 * @throws Error with Prometheus's own words when it refuses the query.
 */
export async function askPrometheus(query: PanelQuery, url: string, asked: Range): Promise<Frame[]> {
  const least = query.interval ? seconds(query.interval) : 0;
  const range = { ...asked, step: Math.max(stepOf(asked), least) };
  const expr = interpolateExpr(query.expr!, range);
  const series = query.instant
    ? await instant(url, expr, range)
    : await overTime(url, expr, range, stepOf(range));
  if (query.format === "table") return series.length === 0 ? [] : [tableOf(query.refId, series)];
  const legend = ({ metric }: Series) =>
    (query.legendFormat ?? "").replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => metric[label] ?? "");
  const shown = query.format === "heatmap" ? bucketsOf(series) : series;
  return shown.map((each) => seriesFrame(query.refId, each, legend(each)));
}

function seriesFrame(refId: string, { metric, points }: Series, legend: string): Frame {
  const config = legend === "" ? undefined : { displayNameFromDS: legend };
  return frameOf(
    refId,
    [
      [{ name: "Time", type: "time" }, points.map(([time]) => time * 1000)],
      [{ name: "Value", type: "number", labels: metric, config }, points.map(([, value]) => numberOf(value))],
    ],
    legend || undefined,
  );
}

/** A row a series: the time, a column a label, the value. */
function tableOf(refId: string, series: Series[]): Frame {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const last = series.map(({ points }) => points.at(-1)!);
  return frameOf(refId, [
    [{ name: "Time", type: "time" }, last.map(([time]) => time * 1000)],
    ...labels.map((label): [{ name: string; type: "string" }, unknown[]] => [
      { name: label, type: "string" },
      series.map(({ metric }) => metric[label] ?? ""),
    ]),
    [{ name: "Value", type: "number" }, last.map(([, value]) => numberOf(value))],
  ]);
}

/** A histogram's buckets, each without those below it, the lowest first. */
function bucketsOf(series: Series[]): Series[] {
  const bound = ({ metric }: Series) => numberOf(metric.le ?? "+Inf")!;
  const sorted = [...series].sort((a, b) => bound(a) - bound(b));
  return sorted.map(({ metric, points }, i) => ({
    metric,
    points: points.map(([time, value], at) => {
      const below = Number(sorted[i - 1]?.points[at]?.[1] ?? 0);
      return [time, String(Number(value) - below)];
    }),
  }));
}

async function overTime(
  url: string,
  query: string,
  { seconds, end }: Range,
  step: number,
): Promise<Series[]> {
  // As in Grafana, points are at multiples of the step, so that a refresh does not shift the lines.
  const last = Math.floor((end ?? Date.now()) / 1000 / step) * step;
  const first = Math.floor(((end ?? Date.now()) / 1000 - seconds) / step) * step;
  const parameters = { query, start: String(first), end: String(last), step: String(step) };
  const { result } = await call(url, "query_range", parameters);
  const times = Array.from({ length: (last - first) / step + 1 }, (_, i) => first + i * step);
  return (result as { metric: Series["metric"]; values: [number, string][] }[]).map(({ metric, values }) => {
    const known = new Map(values);
    return { metric, points: times.map((time): Series["points"][0] => [time, known.get(time) ?? null]) };
  });
}

async function instant(url: string, query: string, { end }: Range): Promise<Series[]> {
  const time = String((end ?? Date.now()) / 1000);
  const { resultType, result } = await call(url, "query", { query, time });
  if (resultType === "scalar") return [{ metric: {}, points: [result as Series["points"][0]] }];
  return (result as { metric: Series["metric"]; value: Series["points"][0] }[]).map(({ metric, value }) => ({
    metric,
    points: [value],
  }));
}

async function call(
  url: string,
  path: "query" | "query_range",
  parameters: Record<string, string>,
): Promise<{ resultType: string; result: unknown }> {
  const response = await fetch(`${url}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
    signal: AbortSignal.timeout(10_000),
  });
  const { status, error, data } = (await response.json()) as {
    status: string;
    error?: string;
    data?: { resultType: string; result: unknown };
  };
  if (status !== "success") throw new Error(`Prometheus refuses ${parameters.query}: ${error}`);
  return data!;
}

function numberOf(text: string | null): number | null {
  return text === null ? null : Number(text.replace("Inf", "Infinity"));
}
