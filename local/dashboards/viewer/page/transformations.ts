import {
  FieldType,
  getFieldDisplayName,
  ReducerID,
  reduceField,
  standardTransformers,
  standardTransformersRegistry,
  transformDataFrame,
  type DataFrame,
  type DataTransformerConfig,
  type DataTransformerInfo,
  type Field,
  type TransformerRegistryItem,
} from "@grafana/data";
import { lastValueFrom, map } from "rxjs";

/** A row a series, with its labels as columns and the series itself in a cell that draws it. */
const timeSeriesTable: DataTransformerInfo = {
  id: "timeSeriesTable",
  name: "Time series to table",
  description: "",
  operator: () => (source) => source.pipe(map(asTables)),
};

// Some have two names in the list.
const transformers = new Set<DataTransformerInfo>([...Object.values(standardTransformers), timeSeriesTable]);

standardTransformersRegistry.setInit(() =>
  [...transformers].map(
    (transformation) =>
      ({
        id: transformation.id,
        name: transformation.name,
        transformation: () => Promise.resolve(transformation),
      }) as unknown as TransformerRegistryItem,
  ),
);

/** Frames after a panel's transformations. */
export function transformed(
  frames: DataFrame[],
  transformations: DataTransformerConfig[] = [],
): Promise<DataFrame[]> {
  return lastValueFrom(transformDataFrame(transformations, frames));
}

function asTables(frames: DataFrame[]): DataFrame[] {
  const refIds = [...new Set(frames.map(({ refId }) => refId))];
  return refIds.flatMap((refId) => {
    const own = frames.filter((frame) => frame.refId === refId);
    const isSeries = own.every(
      ({ fields }) => fields.some(({ type }) => type === FieldType.time) && fields.length > 1,
    );
    const hasText = own.some(({ fields }) => fields.some(({ type }) => type === FieldType.string));
    return isSeries && !hasText ? [asTable(refId, own)] : own;
  });
}

function asTable(refId: string | undefined, frames: DataFrame[]): DataFrame {
  const series = frames.flatMap((frame) => {
    const time = frame.fields.find(({ type }) => type === FieldType.time)!;
    return frame.fields
      .filter(({ type }) => type === FieldType.number)
      .map((value) => ({ time, value, frame }));
  });
  const labels = [...new Set(series.flatMap(({ value }) => Object.keys(value.labels ?? {})))];
  const trends = series.map(({ time, value, frame }) => ({
    name: getFieldDisplayName(value, frame),
    fields: [time, value],
    length: frame.length,
    value: reduceField({ field: { ...value }, reducers: [ReducerID.lastNotNull] })[
      ReducerID.lastNotNull
    ] as number,
  }));
  const fields: Field[] = [
    ...labels.map((name) => ({
      name,
      type: FieldType.string,
      config: {},
      values: series.map(({ value }) => value.labels?.[name] ?? ""),
    })),
    { name: refId ? `Trend #${refId}` : "Trend", type: FieldType.frame, config: {}, values: trends },
  ];
  return { refId, fields, length: series.length };
}
