/** A file that cloud-config writes. */
export interface WrittenFile {
  path: string;
  content: string;
  permissions: string;
}

export interface DataDisk {
  /** The device name under which Google Cloud attaches the disk. */
  deviceName: string;
  /** Where it is mounted. */
  folder: string;
}

/** What mounts the data disk, or fails: whatever keeps data runs it first, so that nothing is written beside the disk. */
export const DATA_DISK_SCRIPT = "/etc/tollgate/data-disk.sh";

/** Seconds that the disk may take to appear after a start. */
const DISK_SECONDS = 60;

export function dataDiskScript({ deviceName, folder }: DataDisk): WrittenFile {
  const lines = [
    "#!/bin/bash",
    "set -euo pipefail",
    `device=/dev/disk/by-id/google-${deviceName}`,
    `folder=${folder}`,
    'if mountpoint -q "$folder"; then exit 0; fi',
    `for _ in $(seq ${DISK_SECONDS}); do [[ -b $device ]] && break; sleep 1; done`,
    '[[ -b $device ]] || { echo "The data disk $device is not attached: nothing is started without it" >&2; exit 1; }',
    "# 2: there is no file system, as on a new disk. Anything else that fails is not a reason to format.",
    'found=0; blkid -p "$device" > /dev/null || found=$?',
    'if [[ $found == 2 ]]; then mkfs.ext4 -q -m 0 "$device"; elif [[ $found != 0 ]]; then exit 1; fi',
    'mkdir -p "$folder"',
    'mount -o discard,defaults "$device" "$folder"',
    'mountpoint -q "$folder"',
    "",
  ];
  return { path: DATA_DISK_SCRIPT, content: lines.join("\n"), permissions: "0755" };
}

const UPDATE_SCRIPT = "/etc/tollgate/update.sh";

/**
 * What brings a changed configuration to a machine that runs: a minute after its `user-data` has changed in the metadata it
 * restarts, and cloud-init applies it. The data is on a disk of its own. A restart that does not help is not repeated.
 */
export function updateFiles(): WrittenFile[] {
  const url = "http://metadata.google.internal/computeMetadata/v1/instance/attributes/user-data";
  const script = [
    "#!/bin/bash",
    "set -euo pipefail",
    "applied=${APPLIED:-/var/lib/cloud/instance/user-data.txt}",
    "restarted_for=${RESTARTED_FOR:-/var/lib/tollgate/restarted-for}",
    "wanted=$(mktemp)",
    "trap 'rm -f \"$wanted\"' EXIT",
    `curl -fsS --max-time 10 -H 'Metadata-Flavor: Google' ${url} > "$wanted"`,
    'if cmp -s "$wanted" "$applied"; then exit 0; fi',
    'hash=$(sha256sum < "$wanted")',
    'if [[ -f $restarted_for && $(cat "$restarted_for") == "$hash" ]]; then',
    '  echo "This configuration was not applied by a restart: see cloud-init\'s log" >&2; exit 1',
    "fi",
    'mkdir -p "$(dirname "$restarted_for")"',
    'echo "$hash" > "$restarted_for"',
    "cloud-init clean || true",
    "systemctl reboot",
    "",
  ];
  const service = [
    "[Unit]",
    "Description=Restart to apply a changed configuration",
    "[Service]",
    "Type=oneshot",
    `ExecStart=/bin/bash ${UPDATE_SCRIPT}`,
    "",
  ];
  const timer = [
    "[Unit]",
    "Description=Look for a changed configuration every minute",
    "[Timer]",
    "OnBootSec=120",
    "OnUnitInactiveSec=60",
    "[Install]",
    "WantedBy=timers.target",
    "",
  ];
  return [
    { path: UPDATE_SCRIPT, content: script.join("\n"), permissions: "0755" },
    { path: "/etc/systemd/system/tollgate-update.service", content: service.join("\n"), permissions: "0644" },
    { path: "/etc/systemd/system/tollgate-update.timer", content: timer.join("\n"), permissions: "0644" },
  ];
}

/** Starts the timer; a line of `runcmd`, after `systemctl daemon-reload`. */
export const START_UPDATES = "systemctl start tollgate-update.timer";
