/** Days between a day's first archive and its deletion: late spans are in the archive that is written last. */
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
 * One day and table in memory at a time: an archive of `events_full` with prompts in it fits in a gigabyte only so (measured:
 * seven days of 5,000 spans fail at 819 MB with ClickHouse's defaults).
 */
const SETTINGS = {
  max_threads: 1,
  max_insert_threads: 1,
  max_block_size: 512,
  output_format_parquet_row_group_size: 2_000,
  output_format_parquet_row_group_size_bytes: 8 * 1024 * 1024,
  output_format_parquet_parallel_encoding: 0,
  s3_max_inflight_parts_for_one_file: 1,
  s3_truncate_on_insert: 1,
};

/**
 * The SQL that is run once a day, and stops at its first failure. Each table's old days are written to the archive as
 * Parquet, one object a day, and only then what is past its time is deleted. No TTL does that: it would delete on a day whose
 * export failed, too.
 */
export function retentionSql({ archiveUrl, retentionDays }: Retention): string {
  const age = retentionDays - ARCHIVE_MARGIN_DAYS;
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} = ${value}`);
  const archived = Object.entries(TRACE_TABLES).flatMap(([table, time]) => [
    `INSERT INTO FUNCTION s3('${archiveUrl}/${table}/{_partition_id}.parquet', 'Parquet')`,
    `PARTITION BY toString(day)`,
    `SELECT *, toDate(${time}) AS day FROM ${table} WHERE toDate(${time}) <= today() - ${age}`,
    `SETTINGS ${settings.join(", ")};`,
    `ALTER TABLE ${table} DELETE WHERE toDate(${time}) <= today() - ${retentionDays};`,
  ]);
  const unarchived = Object.entries(UNARCHIVED).map(
    ([table, time]) => `ALTER TABLE ${table} MODIFY TTL toDateTime(${time}) + INTERVAL ${retentionDays} DAY;`,
  );
  return [...archived, ...unarchived, ""].join("\n");
}
