/**
 * Faults of the systematic walk that no policy has to find, and why. A pattern is held against `<type> <property>: <fault>`.
 */
const EQUIVALENT: [pattern: RegExp, why: string][] = [
  [/: gone$/, "what refers to the resource fails to deploy, or does without it in safety"],
  [
    /\b(name|project|location|locations?|region|zone|networks?|subnetwork|bucket|secret|secretId|accountId|service|topic|instance|managedZone|repository|repositoryId|subscription|member|role|disk|router|destination|database|serviceAccountId)(\.\*)?: missing$/,
    "the API refuses a resource without it",
  ],
  [
    /(commands|args|volumeMounts|volumes|networkInterfaces|vpcAccess|mountOptions|envs|ports|command|entrypoint|containers|items|secrets)(\.\*)*(\.[\w.*]+)?: (missing|empty)$/,
    "the workload does not start, and the revision before it keeps serving",
  ],
  [
    /(image|valueSource[\w.]*|secretKeyRef[\w.]*|template)(\.\*)?: missing$/,
    "the API refuses a workload without it",
  ],
  [
    /(Probe|healthcheck|timeout|maxRetries|taskCount|Concurrency|startupCpuBoost|runExecutionToken|failureThreshold|periodSeconds|ackDeadline|ttl|traffics|executionEnvironment|stop_grace)/,
    "it decides how soon and how often, not what may be done, lost or spent",
  ],
  [
    /(labels|description|displayName|annotations|profiles)\b/,
    "it is for people; the rule on labels holds where a bill is split by them",
  ],
  [/^Image /, "an image that is built here: prod runs the digests that dev has proven"],
  [/^Job .*deletionProtection/, "a job holds no data, and the next update makes it anew"],
  [/(gcs\.readOnly|defaultMode|items\.\*\.mode)/, "the account has no right to write there"],
  [
    /^(Address|GlobalAddress|ManagedZone|RecordSet|Router|RouterNat|Subnetwork|Network|Connection|Database|ServiceIdentity) /,
    "without it nothing is reached; it opens nothing",
  ],
  [/^Service .*\.googleapis\.com /, "an API that is off refuses what is deployed"],
  [/^Repository .*(cleanup|remote|mode|format)/, "images are pulled by digest, from wherever they are"],
  [/^Secret .* replication/, "the API refuses a secret without a place to keep it"],
  [
    /^Random(Password|Bytes) (special|\w+: (missing|a thousand times))/,
    "the provider refuses it, or makes a longer one",
  ],
  [
    /^Firewall (direction|allows|targetTags)/,
    "it then admits nothing, or the same trusted sources to more machines",
  ],
  [
    /^Instance (allowStoppingForUpdate|bootDisk|attachedDisks\.\*\.(deviceName|mode)|tags|serviceAccount\.scopes|metadata\.enable-oslogin)/,
    "the machine does not start, does less, or no one can sign in: keys of the project are blocked",
  ],
  [
    /^Disk (type|size): (missing|zero)$/,
    "the provider refuses it or takes its own default, at a lower price",
  ],
  [
    /^ResourcePolicy .*(startTime|snapshotProperties|maxRetentionDays: a thousand)/,
    "snapshots are made as often and kept as long or longer",
  ],
  [/^Service agent ingress/, "the agent is public: it asks every caller for a customer's key"],
  [/(containerPort|cpuIdle|minInstanceCount)/, "readiness and speed; what it costs is held by the ceilings"],
  [
    /invokerIamDisabled: (missing|flipped)$/,
    "the service becomes harder to reach, or the rule on ingress finds it",
  ],
];

/** Why a fault of the systematic walk needs no policy; none when it needs one. */
export function whyEquivalent(what: string): string | undefined {
  return EQUIVALENT.find(([pattern]) => pattern.test(what))?.[1];
}
