/** Days between a day's first archive and its deletion: each of these days it is written again, should a run have failed. */
const ARCHIVE_MARGIN_DAYS = 7;

/** Langfuse's tables with the column that says when a row happened. */
export const TRACE_TABLES: Record<string, string> = {
  traces: "timestamp",
  observations: "start_time",
  scores: "timestamp",
  events_full: "start_time",
  events_core: "start_time",
};

/** Langfuse's list of the raw events that it wrote to the blob store, which keeps those no longer than traces. */
const UNARCHIVED: Record<string, string> = { blob_storage_file_log: "created_at" };

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
  const ttl = (table: string, time: string) =>
    `ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + INTERVAL ${retentionDays} DAY;`;
  const archived = Object.entries(TRACE_TABLES).flatMap(([table, time]) => [
    `INSERT INTO FUNCTION s3('${archiveUrl}/${table}/{_partition_id}.parquet', 'Parquet')`,
    `PARTITION BY toString(day)`,
    `SELECT *, toDate(${time}) AS day FROM ${table} WHERE toDate(${time}) BETWEEN today() - ${retentionDays - 1} AND today() - ${age}`,
    `SETTINGS s3_truncate_on_insert = 1;`,
    ttl(table, time),
  ]);
  const unarchived = Object.entries(UNARCHIVED).map(([table, time]) => ttl(table, time));
  return [...archived, ...unarchived, ""].join("\n");
}
