import { types, type Client, type FieldDef } from "pg";
import { frameOf, type Frame, type FrameField } from "../frames";
import { interpolateSql, type Range } from "../interpolate";
import type { PanelQuery } from "../panels";

/**
 * A query's answer in the frames that Grafana's Postgres data source makes of it.
 *
 * @param ledger Connected as `ledger_reader`.
 */
export async function askLedger(query: PanelQuery, ledger: Client, range: Range): Promise<Frame[]> {
  const text = interpolateSql(query.rawSql!, range);
  const { rows, fields } = await ledger.query<unknown[]>({ text, rowMode: "array" });
  if (rows.length === 0) return [];
  const columns = fields.map((field, i) =>
    columnOf(
      field,
      rows.map((row) => row[i]),
    ),
  );
  return [query.format === "time_series" ? seriesOf(query.refId, columns) : frameOf(query.refId, columns)];
}

type Column = [FrameField, unknown[]];

const { TIMESTAMP, TIMESTAMPTZ, BOOL, INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC } = types.builtins;

function columnOf({ name, dataTypeID }: FieldDef, values: unknown[]): Column {
  if ([TIMESTAMP, TIMESTAMPTZ].includes(dataTypeID))
    return [{ name, type: "time" }, values.map((value) => (value as Date | null)?.getTime() ?? null)];
  if (dataTypeID === BOOL) return [{ name, type: "boolean" }, values];
  if ([INT2, INT4, INT8, FLOAT4, FLOAT8, NUMERIC].includes(dataTypeID))
    return [{ name, type: "number" }, values.map((value) => (value === null ? null : Number(value)))];
  return [{ name, type: "string" }, values.map((value) => (value === null ? null : String(value)))];
}

/**
 * A field a series. Grafana names a series by its text alone where the text's column is called `metric`, and by the value's
 * column and the text otherwise (pkg/tsdb/sqleng).
 */
function seriesOf(refId: string, [time, ...others]: Column[]): Frame {
  const [, moments] = time!;
  const isTime = time![0].type === "time";
  const at = moments.map((moment) => (isTime ? (moment as number) : (moment as number) * 1000));
  const times = [...new Set(at)].sort((a, b) => a - b);
  const texts = others.filter(([{ type }]) => type === "string");
  const numbers = others.filter(([{ type }]) => type === "number");
  const labelsOf = (row: number) =>
    Object.fromEntries(texts.map(([{ name }, values]) => [name, String(values[row] ?? "")]));
  const bySeries = new Map<string, { field: FrameField; values: (number | null)[] }>();
  at.forEach((moment, row) => {
    for (const [{ name }, values] of numbers) {
      const labels = labelsOf(row);
      const key = JSON.stringify([name, labels]);
      const isMetric = Object.keys(labels).join() === "metric";
      const field: FrameField = isMetric
        ? { name: labels.metric!, type: "number" }
        : { name, type: "number", labels };
      const series = bySeries.get(key) ?? { field, values: times.map(() => null) };
      series.values[times.indexOf(moment)] = values[row] as number | null;
      bySeries.set(key, series);
    }
  });
  return frameOf(refId, [
    [{ name: "Time", type: "time" }, times],
    ...[...bySeries.values()].map(({ field, values }): Column => [field, values]),
  ]);
}
