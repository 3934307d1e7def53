#!/bin/sh
# Runs a program again and again: every.sh SECONDS SECONDS-AFTER-A-FAILURE PROGRAM ARGUMENT...
trap 'exit 0' TERM INT
seconds=$1
retry=$2
shift 2
while :; do
  if "$@"; then pause=$seconds; else pause=$retry; fi
  # A wait ends with the signal; a sleep would finish first.
  sleep "$pause" &
  wait $!
done
