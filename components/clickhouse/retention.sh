#!/bin/bash
set -euo pipefail
# The container has the user and the password in its environment.
docker exec -i clickhouse bash -c 'clickhouse-client --user "$CLICKHOUSE_USER" --password "$CLICKHOUSE_PASSWORD" --multiquery' < /etc/clickhouse/retention.sql
