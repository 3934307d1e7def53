/** A data frame as Grafana's data sources answer and `@grafana/data` reads it (`DataFrameJSON`). */
export interface Frame {
  schema: {
    refId: string;
    name?: string;
    meta?: { type?: string };
    fields: FrameField[];
  };
  data: {
    /** A list a field. */
    values: unknown[][];
    /** Numbers that JSON cannot express, by field: `values` has `null` there. */
    entities?: (Record<"NaN" | "Inf" | "NegInf", number[]> | null)[];
  };
}

export interface FrameField {
  name: string;
  type: "time" | "number" | "string" | "boolean" | "other";
  labels?: Record<string, string>;
  /** The query's legend. */
  config?: { displayNameFromDS?: string };
}

/** A frame of columns, each a field and its values. */
export function frameOf(refId: string, columns: [FrameField, unknown[]][], name?: string): Frame {
  const values = columns.map(([, column]) => column.map((value) => (isUnspeakable(value) ? null : value)));
  const entities = columns.map(([, column]) => entitiesOf(column));
  return {
    schema: { refId, name, fields: columns.map(([field]) => field) },
    data: entities.some((each) => each !== null) ? { values, entities } : { values },
  };
}

/** Whether any number of the frames is finite, or any row holds text only. */
export function hasValues(frames: Frame[]): boolean {
  return frames.some(({ schema, data }) => {
    const numbers = data.values.filter((_, i) => schema.fields[i]!.type === "number");
    return (numbers.length > 0 ? numbers : data.values).some((column) =>
      column.some((each) => each !== null),
    );
  });
}

function isUnspeakable(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

function entitiesOf(column: unknown[]): Record<"NaN" | "Inf" | "NegInf", number[]> | null {
  if (!column.some(isUnspeakable)) return null;
  const at = (wanted: number) => column.flatMap((value, i) => (Object.is(value, wanted) ? [i] : []));
  return { NaN: at(NaN), Inf: at(Infinity), NegInf: at(-Infinity) };
}
