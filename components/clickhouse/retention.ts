/** Days between a day's archive and its deletion: room for an archive run that failed. */
const ARCHIVE_MARGIN_DAYS = 7;

/** Langfuse's tables with the column that says when a row happened. */
export const TRACE_TABLES: Record<string, string> = {
  traces: "timestamp",
  observations: "start_time",
  scores: "timestamp",
  events_full: "start_time",
  events_core: "start_time",
};

export interface Retention {
  /** The archive's bucket as ClickHouse reaches it over S3's protocol, `https://host/bucket`. */
  archiveUrl: string;
  /** Days that traces stay before they are deleted; the archive has a day's rows before that. */
  retentionDays: number;
}

/**
 * The SQL that is run once a day. Before a day's rows are deleted they are written to the archive as Parquet, one object a
 * table and day; then each table's TTL is set, which changes nothing where it stands already.
 */
export function retentionSql({ archiveUrl, retentionDays }: Retention): string {
  const age = retentionDays - ARCHIVE_MARGIN_DAYS;
  return Object.entries(TRACE_TABLES)
    .flatMap(([table, time]) => [
      `INSERT INTO FUNCTION s3('${archiveUrl}/${table}/{_partition_id}.parquet', 'Parquet')`,
      `PARTITION BY toString(day)`,
      `SELECT *, toDate(${time}) AS day FROM ${table} WHERE toDate(${time}) = today() - ${age}`,
      `SETTINGS s3_truncate_on_insert = 1;`,
      `ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + INTERVAL ${retentionDays} DAY;`,
    ])
    .join("\n")
    .concat("\n");
}
