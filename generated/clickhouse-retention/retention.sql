INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/traces/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM traces WHERE toDate(timestamp) <= today() - 83
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 512, output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608, output_format_parquet_parallel_encoding = 0, s3_max_inflight_parts_for_one_file = 1, s3_truncate_on_insert = 1;
ALTER TABLE traces DELETE WHERE toDate(timestamp) <= today() - 90;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/observations/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM observations WHERE toDate(start_time) <= today() - 83
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 512, output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608, output_format_parquet_parallel_encoding = 0, s3_max_inflight_parts_for_one_file = 1, s3_truncate_on_insert = 1;
ALTER TABLE observations DELETE WHERE toDate(start_time) <= today() - 90;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/scores/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM scores WHERE toDate(timestamp) <= today() - 83
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 512, output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608, output_format_parquet_parallel_encoding = 0, s3_max_inflight_parts_for_one_file = 1, s3_truncate_on_insert = 1;
ALTER TABLE scores DELETE WHERE toDate(timestamp) <= today() - 90;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/events_full/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_full WHERE toDate(start_time) <= today() - 83
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 512, output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608, output_format_parquet_parallel_encoding = 0, s3_max_inflight_parts_for_one_file = 1, s3_truncate_on_insert = 1;
ALTER TABLE events_full DELETE WHERE toDate(start_time) <= today() - 90;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/events_core/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_core WHERE toDate(start_time) <= today() - 83
SETTINGS max_threads = 1, max_insert_threads = 1, max_block_size = 512, output_format_parquet_row_group_size = 2000, output_format_parquet_row_group_size_bytes = 8388608, output_format_parquet_parallel_encoding = 0, s3_max_inflight_parts_for_one_file = 1, s3_truncate_on_insert = 1;
ALTER TABLE events_core DELETE WHERE toDate(start_time) <= today() - 90;
ALTER TABLE blob_storage_file_log MODIFY TTL toDateTime(created_at) + INTERVAL 90 DAY;
