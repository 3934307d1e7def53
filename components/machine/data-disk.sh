#!/bin/bash
# Mounts the data disk, or fails. Everything that keeps data runs this first, so that nothing is written to the boot disk.
set -euo pipefail
device=/dev/disk/by-id/google-$DATA_DEVICE
# A disk that was made larger: its file system follows while it is in use. One that cannot is no reason to stop.
# https://cloud.google.com/compute/docs/disks/resize-persistent-disk
grow() { said=$(resize2fs "$device" 2>&1) || echo "$said" >&2; }
if mountpoint -q "$DATA_FOLDER"; then grow; exit 0; fi
# Seconds that the disk may take to appear after a start.
for _ in $(seq 60); do [[ -b $device ]] && break; sleep 1; done
[[ -b $device ]] || { echo "The data disk $device is not attached: nothing is started without it" >&2; exit 1; }
# 2: there is no file system, as on a new disk. Anything else that fails is not a reason to format.
found=0; blkid -p "$device" > /dev/null || found=$?
if [[ $found == 2 ]]; then mkfs.ext4 -q -m 0 "$device"; elif [[ $found != 0 ]]; then exit 1; fi
mkdir -p "$DATA_FOLDER"
mount -o discard,defaults "$device" "$DATA_FOLDER"
mountpoint -q "$DATA_FOLDER"
grow
