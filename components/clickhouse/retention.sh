#!/bin/bash
set -euo pipefail
# The container has the user, the password, the archive's address and the days in its environment.
docker exec -i clickhouse bash -c 'exec clickhouse-client --user "$CLICKHOUSE_USER" --password "$CLICKHOUSE_PASSWORD" --param_archive="$TRACE_ARCHIVE_URL" --param_retention_days="$TRACE_RETENTION_DAYS" --multiquery' < /etc/clickhouse/retention.sql
