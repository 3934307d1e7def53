import { job, schedule, service } from "./cloud-run";
import { address, disk, instance, nat, subnetwork } from "./compute";
import { postgres, redis } from "./databases";
import type { Rate } from "./rate";
import { bucket, repository, secretVersion, subscription, zone } from "./storage";

export { stackItems } from "./stack";
export { UnpricedError, type BilledResource, type Item, type Rate } from "./rate";

/** What each type of resource is billed for. A type is here or in `free`, or nothing can be estimated. */
export const rates: Record<string, Rate> = {
  "gcp:artifactregistry/repository:Repository": repository,
  "gcp:cloudrunv2/job:Job": job,
  "gcp:cloudscheduler/job:Job": schedule,
  "gcp:cloudrunv2/service:Service": service,
  "gcp:compute/address:Address": address,
  "gcp:compute/disk:Disk": disk,
  "gcp:compute/globalAddress:GlobalAddress": address,
  "gcp:compute/instance:Instance": instance,
  "gcp:compute/routerNat:RouterNat": nat,
  "gcp:compute/subnetwork:Subnetwork": subnetwork,
  "gcp:dns/managedZone:ManagedZone": zone,
  "gcp:pubsub/subscription:Subscription": subscription,
  "gcp:redis/instance:Instance": redis,
  "gcp:secretmanager/secretVersion:SecretVersion": secretVersion,
  "gcp:sql/databaseInstance:DatabaseInstance": postgres,
  "gcp:storage/bucket:Bucket": bucket,
};

const IAM = "permissions cost nothing";

/** Types that cost nothing, and why. */
export const free: Record<string, string> = {
  "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember": IAM,
  "gcp:cloudrunv2/jobIamMember:JobIamMember": IAM,
  "gcp:cloudrunv2/serviceIamMember:ServiceIamMember": IAM,
  "gcp:compute/diskResourcePolicyAttachment:DiskResourcePolicyAttachment": "the disk's snapshots are counted",
  "gcp:compute/firewall:Firewall": "rules of a network cost nothing",
  "gcp:compute/network:Network": "a network costs nothing, its traffic does",
  "gcp:compute/resourcePolicy:ResourcePolicy": "a schedule costs nothing, its snapshots do",
  "gcp:compute/router:Router": "a router costs nothing, its NAT gateway does",
  "gcp:dns/recordSet:RecordSet": "a zone's records cost nothing",
  "gcp:iap/webCloudRunServiceIamMember:WebCloudRunServiceIamMember": IAM,
  "gcp:logging/projectSink:ProjectSink": "routing costs nothing, where the lines go does",
  // https://cloud.google.com/stackdriver/pricing: a million runs of uptime checks a month are free, one check makes 260,000.
  "gcp:monitoring/uptimeCheckConfig:UptimeCheckConfig": "within the free runs",
  "gcp:monitoring/alertPolicy:AlertPolicy": "two conditions cost cents",
  "gcp:monitoring/notificationChannel:NotificationChannel": "a channel costs nothing",
  "gcp:projects/iAMMember:IAMMember": IAM,
  "gcp:projects/service:Service": "an enabled API costs nothing",
  "gcp:projects/serviceIdentity:ServiceIdentity": "an identity costs nothing",
  "gcp:pubsub/subscriptionIAMMember:SubscriptionIAMMember": IAM,
  "gcp:pubsub/topic:Topic": "a topic costs nothing, its messages are the subscription's",
  "gcp:pubsub/topicIAMMember:TopicIAMMember": IAM,
  "gcp:secretmanager/secret:Secret": "a secret costs nothing, its versions do",
  "gcp:secretmanager/secretIamMember:SecretIamMember": IAM,
  "gcp:serviceaccount/account:Account": "an account costs nothing",
  "gcp:serviceaccount/iAMMember:IAMMember": IAM,
  "gcp:servicenetworking/connection:Connection": "a peering costs nothing",
  "gcp:sql/database:Database": "part of the instance",
  "gcp:sql/user:User": "part of the instance",
  "gcp:storage/bucketIAMMember:BucketIAMMember": IAM,
  "gcp:storage/bucketObject:BucketObject": "the bucket's objects are counted",
};

/** Providers whose resources exist in the stack's state only. */
export const STATE_ONLY = ["docker:", "pulumi:", "random:", "tollgate:"];
