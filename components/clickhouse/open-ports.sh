#!/bin/bash
# Container-Optimized OS drops what comes in, but for SSH: https://cloud.google.com/container-optimized-os/docs/how-to/firewall
set -euo pipefail
for port in $PORTS; do
  rule=(INPUT -p tcp --dport "$port" -j ACCEPT)
  iptables -w -C "${rule[@]}" 2> /dev/null || iptables -w -A "${rule[@]}"
done
