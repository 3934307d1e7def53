#!/bin/bash
set -euo pipefail
ping() { curl -fsS --max-time 10 "http://127.0.0.1:$HTTP_PORT/ping"; }
ping || (sleep 10; ping) || (sleep 10; ping) || systemctl restart clickhouse.service
