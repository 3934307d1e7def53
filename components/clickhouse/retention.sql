-- Run once a day, with two parameters: `archive`, the address of the archive's folder, and `retention_days`. Each table's old days
-- go to the archive, an object a day, a week before their rows are deleted: late spans are in the object that is written last.
-- The client stops at the first failure, so nothing is deleted that is not archived. A TTL would delete it.

-- One day and table in memory at a time, or an archive of events_full does not fit in a gigabyte (measured: seven days of 5,000
-- spans fail at 819 MB with the defaults).
SET max_threads = 1, max_insert_threads = 1, max_block_size = 512, s3_max_inflight_parts_for_one_file = 1;
SET output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608;
SET output_format_parquet_parallel_encoding = 0;
-- A day is written on seven days, the whole of it each time.
SET s3_truncate_on_insert = 1;

INSERT INTO FUNCTION s3({archive:String} || 'traces/{_partition_id}.parquet', 'Parquet') PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM traces WHERE toDate(timestamp) <= today() - {retention_days:UInt16} + 7;
ALTER TABLE traces DELETE WHERE toDate(timestamp) <= today() - {retention_days:UInt16};

INSERT INTO FUNCTION s3({archive:String} || 'observations/{_partition_id}.parquet', 'Parquet') PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM observations WHERE toDate(start_time) <= today() - {retention_days:UInt16} + 7;
ALTER TABLE observations DELETE WHERE toDate(start_time) <= today() - {retention_days:UInt16};

INSERT INTO FUNCTION s3({archive:String} || 'scores/{_partition_id}.parquet', 'Parquet') PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM scores WHERE toDate(timestamp) <= today() - {retention_days:UInt16} + 7;
ALTER TABLE scores DELETE WHERE toDate(timestamp) <= today() - {retention_days:UInt16};

INSERT INTO FUNCTION s3({archive:String} || 'events_full/{_partition_id}.parquet', 'Parquet') PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_full WHERE toDate(start_time) <= today() - {retention_days:UInt16} + 7;
ALTER TABLE events_full DELETE WHERE toDate(start_time) <= today() - {retention_days:UInt16};

INSERT INTO FUNCTION s3({archive:String} || 'events_core/{_partition_id}.parquet', 'Parquet') PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_core WHERE toDate(start_time) <= today() - {retention_days:UInt16} + 7;
ALTER TABLE events_core DELETE WHERE toDate(start_time) <= today() - {retention_days:UInt16};

-- The list of raw events that Langfuse wrote to the blob store, which keeps those no longer than traces.
ALTER TABLE blob_storage_file_log MODIFY TTL toDateTime(created_at) + INTERVAL {retention_days:UInt16} DAY;
