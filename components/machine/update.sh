#!/bin/bash
# Restarts the machine when its `user-data` has changed in the metadata: cloud-init then applies it. The data is on a disk of
# its own. A restart that does not help is not repeated.
set -euo pipefail
applied=${APPLIED:-/var/lib/cloud/instance/user-data.txt}
restarted_for=${RESTARTED_FOR:-/var/lib/tollgate/restarted-for}
wanted=$(mktemp)
trap 'rm -f "$wanted"' EXIT
curl -fsS --max-time 10 -H 'Metadata-Flavor: Google' http://metadata.google.internal/computeMetadata/v1/instance/attributes/user-data > "$wanted"
if cmp -s "$wanted" "$applied"; then exit 0; fi
hash=$(sha256sum < "$wanted")
if [[ -f $restarted_for && $(cat "$restarted_for") == "$hash" ]]; then
  echo "This configuration was not applied by a restart: see cloud-init's log" >&2; exit 1
fi
mkdir -p "$(dirname "$restarted_for")"
echo "$hash" > "$restarted_for"
cloud-init clean || true
systemctl reboot
