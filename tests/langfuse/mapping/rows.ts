/** A row of ClickHouse as JSON: what Langfuse's worker inserts into `events_full`, or what a query answers. */
export type Row = Record<string, unknown>;

/** A query with its parameters, as ClickHouse takes them: `{name:Type}`. */
export interface Query {
  name: string;
  sql: string;
  params: Record<string, unknown>;
}
