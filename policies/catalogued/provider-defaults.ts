import type { Props } from "../known";

/**
 * What Google's provider (9.32.1) fills in at the top of a resource where the program sets nothing, as a real engine handed it to
 * the pack. Below the top an engine names such fields; a preview in tests has none of them.
 */
export const PROVIDER_DEFAULTS: Record<string, Props> = {
  "gcp:cloudscheduler/job:Job": { attemptDeadline: "180s" },
  "gcp:compute/address:Address": { addressType: "EXTERNAL" },
  "gcp:compute/disk:Disk": { eraseWindowsVssSignature: false },
  "gcp:compute/firewall:Firewall": { priority: 1000 },
  "gcp:compute/instance:Instance": { eraseWindowsVssSignature: false },
  "gcp:compute/network:Network": { networkFirewallPolicyEnforcementOrder: "AFTER_CLASSIC_FIREWALL" },
  "gcp:compute/routerNat:RouterNat": {
    type: "PUBLIC",
    icmpIdleTimeoutSec: 30,
    tcpEstablishedIdleTimeoutSec: 1200,
    tcpTimeWaitTimeoutSec: 120,
    tcpTransitoryIdleTimeoutSec: 30,
    udpIdleTimeoutSec: 30,
  },
  "gcp:monitoring/alertPolicy:AlertPolicy": { enabled: true },
  "gcp:monitoring/notificationChannel:NotificationChannel": { enabled: true },
  "gcp:projects/iAMCustomRole:IAMCustomRole": { stage: "GA" },
  "gcp:secretmanager/secretVersion:SecretVersion": { enabled: true },
  "gcp:storage/bucket:Bucket": { storageClass: "STANDARD" },
  "gcp:storage/bucketObject:BucketObject": { detectMd5hash: "different hash" },
};

/** Whether a field at the top of a resource is what the provider fills in. */
export function isDefault(type: string, name: string, field: string, value: unknown): boolean {
  if (field === "name") return new RegExp(`^${name}-[0-9a-f]{7}$`).test(String(value));
  return value !== undefined && PROVIDER_DEFAULTS[type]?.[field] === value;
}
