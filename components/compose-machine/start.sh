#!/bin/bash
set -euo pipefail
umask 077
mkdir -p /run/tollgate/secrets /opt/tollgate/generated
while read -r name id version <&3; do
  gcloud secrets versions access "$version" --secret="$id" --project="$PROJECT" --out-file="/run/tollgate/secrets/$name"
done 3< /opt/tollgate/secret-versions
# Each container reads them as a different user.
chmod 0444 /run/tollgate/secrets/*
chmod 0755 /run/tollgate /run/tollgate/secrets
umask 022
gcloud storage rsync --recursive --delete-unmatched-destination-objects "gs://$CONFIG_FOLDER" /opt/tollgate/generated
gcloud auth configure-docker "$REGISTRY_HOSTS" --quiet
cd /opt/tollgate/generated/compose
docker compose --env-file /opt/tollgate/env up --detach --remove-orphans
