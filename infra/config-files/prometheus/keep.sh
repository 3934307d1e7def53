#!/bin/sh
# Runs Prometheus where its disk is memory: restores its blocks from a folder that outlives it, and copies a snapshot there again
# and again, and at the end. Usage: keep.sh DATA KEPT URL SECONDS COMMAND [ARGUMENT...]
set -eu
data=$1 kept=$2 url=$3 seconds=$4
shift 4

# A copy is whole once its meta.json is there: that file is written last.
copy() {
  mkdir -p "$2"
  (cd "$1" && find . -type d) | while read -r folder; do mkdir -p "$2/$folder"; done
  (cd "$1" && find . -type f ! -name meta.json) | while read -r file; do cp "$1/$file" "$2/$file"; done
  cp "$1/meta.json" "$2/meta.json"
}

restore() {
  for block in "$kept"/*/meta.json; do
    [ -f "$block" ] || continue
    name=$(basename "$(dirname "$block")")
    copy "$kept/$name" "$data/$name" || { echo "level=error msg=\"block not restored\" block=$name" >&2; rm -rf "${data:?}/$name"; }
  done
}

# Blocks never change, so only new ones are copied; those of an earlier head, and what Prometheus has deleted, go.
keep() {
  answer=$(timeout 5 wget -q -O - --post-data= "$url/api/v1/admin/tsdb/snapshot") || return 1
  name=$(echo "$answer" | sed -n 's/.*"name":"\([^"]*\)".*/\1/p')
  snapshot=$data/snapshots/${name:?}
  for block in "$snapshot"/*/; do
    block=$(basename "$block")
    [ -f "$kept/$block/meta.json" ] || copy "$snapshot/$block" "$kept/$block"
  done
  for block in "$kept"/*/; do
    block=$(basename "$block")
    [ -d "$snapshot/$block" ] || rm -rf "${kept:?}/$block"
  done
  rm -rf "$snapshot"
}

attempt() {
  (set -e; keep) || echo 'level=error msg="snapshot not kept"' >&2
}

mkdir -p "$data"
restore
"$@" &
prometheus=$!
while sleep "$seconds"; do attempt; done &
keeper=$!
stopping=
trap 'stopping=1; kill $keeper; attempt; kill -TERM $prometheus' TERM INT

code=0
wait $prometheus || code=$?
# A signal ends the first wait, and the second one has the exit code.
if [ -n "$stopping" ]; then code=0; wait $prometheus || code=$?; fi
kill $keeper 2>/dev/null || true
exit $code
