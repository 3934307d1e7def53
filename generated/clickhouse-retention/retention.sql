INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/traces/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM traces WHERE toDate(timestamp) BETWEEN today() - 89 AND today() - 83
SETTINGS s3_truncate_on_insert = 1;
ALTER TABLE traces MODIFY TTL toDateTime(timestamp) + INTERVAL 90 DAY;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/observations/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM observations WHERE toDate(start_time) BETWEEN today() - 89 AND today() - 83
SETTINGS s3_truncate_on_insert = 1;
ALTER TABLE observations MODIFY TTL toDateTime(start_time) + INTERVAL 90 DAY;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/scores/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(timestamp) AS day FROM scores WHERE toDate(timestamp) BETWEEN today() - 89 AND today() - 83
SETTINGS s3_truncate_on_insert = 1;
ALTER TABLE scores MODIFY TTL toDateTime(timestamp) + INTERVAL 90 DAY;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/events_full/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_full WHERE toDate(start_time) BETWEEN today() - 89 AND today() - 83
SETTINGS s3_truncate_on_insert = 1;
ALTER TABLE events_full MODIFY TTL toDateTime(start_time) + INTERVAL 90 DAY;
INSERT INTO FUNCTION s3('http://blob-store:9002/trace-archive/events_core/{_partition_id}.parquet', 'Parquet')
PARTITION BY toString(day)
SELECT *, toDate(start_time) AS day FROM events_core WHERE toDate(start_time) BETWEEN today() - 89 AND today() - 83
SETTINGS s3_truncate_on_insert = 1;
ALTER TABLE events_core MODIFY TTL toDateTime(start_time) + INTERVAL 90 DAY;
ALTER TABLE blob_storage_file_log MODIFY TTL toDateTime(created_at) + INTERVAL 90 DAY;
