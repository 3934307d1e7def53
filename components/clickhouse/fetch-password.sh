#!/bin/bash
# The machine fetches the password with its service account, so it is never in metadata.
set -euo pipefail
umask 077
metadata=http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token
secret=https://secretmanager.googleapis.com/v1/projects/$PROJECT/secrets/$PASSWORD_SECRET/versions/$PASSWORD_VERSION:access
token=$(curl -fsS -H 'Metadata-Flavor: Google' "$metadata" | sed -E 's/.*"access_token":"([^"]+)".*/\1/')
password=$(curl -fsS -H "Authorization: Bearer $token" "$secret" | tr -d ' \n' | sed -E 's/.*"data":"([^"]+)".*/\1/' | base64 -d)
mkdir -p /run/clickhouse
printf 'CLICKHOUSE_PASSWORD=%s\n' "$password" > /run/clickhouse/password.env
