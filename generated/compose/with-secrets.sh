#!/bin/sh
# Starts a program that reads its secrets from the environment: every file in /run/secrets is a variable of that name.
set -eu
for file in /run/secrets/*; do
  if [ -f "$file" ]; then
    value=$(cat "$file")
    export "${file##*/}=$value"
  fi
done
exec "$@"
