import { parse, stringify } from "yaml";
import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, withOne, type Mutant } from "../mutant";
import { containersOf, ofTypes } from "./containers";

const AGENT = "serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com";

/** Resources of kinds that the program does not make, each a way out of, or into, what it does. */
const BESIDE: [type: string, props: Props][] = [
  ["compute/globalForwardingRule:GlobalForwardingRule", { target: "x", ipAddress: "203.0.113.7" }],
  ["compute/forwardingRule:ForwardingRule", { loadBalancingScheme: "EXTERNAL", target: "x" }],
  [
    "compute/networkPeering:NetworkPeering",
    { network: "x", peerNetwork: "projects/stranger/global/networks/x" },
  ],
  ["compute/route:Route", { destRange: "0.0.0.0/0", nextHopIp: "10.10.0.9", network: "x" }],
  ["compute/vPNTunnel:VPNTunnel", { peerIp: "203.0.113.7", sharedSecret: "x" }],
  ["compute/projectMetadataItem:ProjectMetadataItem", { key: "ssh-keys", value: "root:ssh-ed25519 AAAA" }],
  ["compute/projectMetadata:ProjectMetadata", { metadata: { "serial-port-enable": "TRUE" } }],
  [
    "compute/snapshotIamMember:SnapshotIamMember",
    { name: "x", role: "roles/compute.storageAdmin", member: AGENT },
  ],
  [
    "compute/instanceIAMMember:InstanceIAMMember",
    { instanceName: "clickhouse", role: "roles/compute.osAdminLogin", member: AGENT },
  ],
  ["compute/instanceGroupManager:InstanceGroupManager", { baseInstanceName: "x", targetSize: 50 }],
  ["container/cluster:Cluster", { initialNodeCount: 3 }],
  [
    "cloudfunctionsv2/function:Function",
    { serviceConfig: { serviceAccountEmail: "tollgate-gateway@p.iam.gserviceaccount.com" } },
  ],
  ["cloudbuild/trigger:Trigger", { serviceAccount: "tollgate-gateway@p.iam.gserviceaccount.com" }],
  ["workflows/workflow:Workflow", { serviceAccount: "tollgate-gateway@p.iam.gserviceaccount.com" }],
  ["cloudrun/service:Service", { name: "miner" }],
  [
    "cloudrunv2/serviceIamPolicy:ServiceIamPolicy",
    {
      name: "tollgate-gateway",
      policyData: '{"bindings":[{"role":"roles/run.invoker","members":["allUsers"]}]}',
    },
  ],
  ["notebooks/instance:Instance", { machineType: "n1-standard-8" }],
  ["vertex/aiEndpoint:AiEndpoint", { displayName: "x" }],
  ["projects/apiKey:ApiKey", { name: "gemini" }],
  ["apikeys/key:Key", { name: "gemini" }],
  [
    "iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider",
    { oidc: { issuerUri: "https://stranger.example" } },
  ],
  ["iam/workloadIdentityPool:WorkloadIdentityPool", { workloadIdentityPoolId: "x" }],
  ["iam/denyPolicy:DenyPolicy", { rules: [] }],
  [
    "organizations/policy:Policy",
    { constraint: "iam.disableServiceAccountKeyCreation", booleanPolicy: { enforced: false } },
  ],
  [
    "projects/organizationPolicy:OrganizationPolicy",
    { constraint: "storage.publicAccessPrevention", booleanPolicy: { enforced: false } },
  ],
  [
    "projects/iAMAuditConfig:IAMAuditConfig",
    { service: "allServices", auditLogConfigs: [{ logType: "DATA_READ", exemptedMembers: [AGENT] }] },
  ],
  ["projects/defaultServiceAccounts:DefaultServiceAccounts", { action: "REVERT" }],
  ["logging/projectExclusion:ProjectExclusion", { filter: "severity>=DEFAULT" }],
  ["logging/projectBucketConfig:ProjectBucketConfig", { bucketId: "_Default", retentionDays: 1 }],
  ["serviceaccount/key:Key", { serviceAccountId: "tollgate-gateway" }],
  ["secretmanager/regionalSecret:RegionalSecret", { secretId: "anthropic-api-key" }],
  ["sql/user:User", { name: "root", password: "correcthorsebattery", host: "%" }],
  ["sql/sslCert:SslCert", { commonName: "x" }],
  ["storage/notification:Notification", { topic: "projects/stranger/topics/x" }],
  ["storage/transferJob:TransferJob", { transferSpec: { gcsDataSink: { bucketName: "stranger" } } }],
  ["storage/hmacKey:HmacKey", { serviceAccountEmail: "tollgate-langfuse-web@p.iam.gserviceaccount.com" }],
  [
    "bigquery/dataset:Dataset",
    { datasetId: "x", accesses: [{ role: "READER", specialGroup: "allAuthenticatedUsers" }] },
  ],
  ["pubsub/subscription:Subscription", { topic: "tollgate-logs", bigqueryConfig: { table: "stranger.x.y" } }],
];

type Break = [type: RegExp, what: string, change: (props: Props) => void];

/** Fields and choices that the program does not make. */
const FIELDS: Break[] = [
  [
    /^gcp:sql\/databaseInstance:/,
    "an external server as its master",
    (props) => (props.masterInstanceName = "x"),
  ],
  [
    /^gcp:sql\/databaseInstance:/,
    "a clone of a stranger's",
    (props) => (props.clone = { sourceInstanceName: "x" }),
  ],
  [
    /^gcp:sql\/databaseInstance:/,
    "another edition",
    ({ settings }) => (settings.edition = "ENTERPRISE_PLUS"),
  ],
  [
    /^gcp:sql\/databaseInstance:/,
    "a day for upgrades at noon",
    ({ settings }) => (settings.maintenanceWindow.hour = 12),
  ],
  [
    /^gcp:sql\/databaseInstance:/,
    "queries kept",
    ({ settings }) => (settings.insightsConfig = { queryInsightsEnabled: true, recordClientAddress: true }),
  ],
  [
    /^gcp:sql\/databaseInstance:/,
    "open to App Engine",
    ({ settings }) => (settings.ipConfiguration.enablePrivatePathForGoogleCloudServices = true),
  ],
  [/^gcp:redis\/instance:/, "direct peering", (props) => (props.connectMode = "DIRECT_PEERING")],
  [
    /^gcp:redis\/instance:/,
    "no TLS, by another word",
    (props) => (props.transitEncryptionMode = "TRANSIT_ENCRYPTION_MODE_UNSPECIFIED"),
  ],
  [
    /^gcp:redis\/instance:/,
    "evicts what expires",
    (props) => (props.redisConfigs = { "maxmemory-policy": "volatile-ttl" }),
  ],
  [/^gcp:storage\/bucket:/, "paid by who asks", (props) => (props.requesterPays = true)],
  [
    /^gcp:storage\/bucket:/,
    "objects under the stranger's key",
    (props) => (props.encryption = { defaultKmsKeyName: "projects/stranger/x" }),
  ],
  [
    /^gcp:storage\/bucket:/,
    "a life cycle by prefix",
    (props) =>
      (props.lifecycleRules = [
        {
          action: { type: "Delete" },
          condition: { age: 90, matchesPrefixes: [""], daysSinceNoncurrentTime: 1 },
        },
      ]),
  ],
  [
    /^gcp:storage\/bucket:/,
    "deleted by date",
    (props) =>
      (props.lifecycleRules = [{ action: { type: "Delete" }, condition: { createdBefore: "2027-01-01" } }]),
  ],
  [
    /^gcp:storage\/bucket:/,
    "soft-deleted for six days",
    (props) => (props.softDeletePolicy = { retentionDurationSeconds: 518_400 }),
  ],
  [
    /^gcp:compute\/instance:/,
    "a service account with every scope by name",
    (props) => (props.serviceAccount.scopes = ["https://www.googleapis.com/auth/compute"]),
  ],
  [/^gcp:compute\/instance:/, "a scratch disk", (props) => (props.scratchDisks = [{ interface: "NVME" }])],
  [
    /^gcp:compute\/instance:/,
    "gone by its own time",
    (props) =>
      (props.scheduling = { maxRunDuration: { seconds: 3600 }, instanceTerminationAction: "DELETE" }),
  ],
  [
    /^gcp:compute\/instance:/,
    "an address of the network's edge",
    (props) => (props.networkInterfaces[0].aliasIpRanges = [{ ipCidrRange: "/24" }]),
  ],
  [
    /^gcp:compute\/instance:/,
    "its disk deleted with it",
    (props) => (props.attachedDisks[0].mode = "READ_ONLY"),
  ],
  [
    /^gcp:compute\/disk:/,
    "a disk of a stranger's image",
    (props) => (props.image = "projects/stranger/global/images/x"),
  ],
  [/^gcp:compute\/subnetwork:/, "logs of no connection", (props) => delete props.logConfig],
  [/^gcp:compute\/subnetwork:/, "a range of the internet", (props) => (props.ipCidrRange = "203.0.113.0/24")],
  [
    /^gcp:compute\/firewall:/,
    "every port of the tunnel",
    (props) => (props.allows = [{ protocol: "tcp", ports: ["0-65535"] }]),
  ],
  [/^gcp:compute\/firewall:/, "every protocol", (props) => (props.allows = [{ protocol: "all" }])],
  [
    /^gcp:compute\/firewall:/,
    "the way out, everywhere",
    (props) => Object.assign(props, { direction: "EGRESS", destinationRanges: ["0.0.0.0/0"] }),
  ],
  [/^gcp:compute\/firewall:/, "half of IPv6", (props) => (props.sourceRanges = ["::/1", "8000::/1"])],
  [
    /^gcp:cloudrunv2\/service:/,
    "an older revision that stays open",
    (props) =>
      props.traffics.push({
        type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
        revision: "x-00001",
        percent: 0,
        tag: "old",
      }),
  ],
  [
    /^gcp:cloudrunv2\/service:/,
    "a domain of a stranger",
    (props) => (props.customAudiences = ["https://stranger.example"]),
  ],
  [/^gcp:cloudrunv2\/service:/, "health checks off", (props) => (props.template.healthCheckDisabled = true)],
  [
    /^gcp:cloudrunv2\/service:/,
    "another key",
    (props) => (props.template.encryptionKey = "projects/stranger/x"),
  ],
  [/^gcp:cloudrunv2\/service:/, "an hour for a request", (props) => (props.template.timeout = "3600s")],
  [
    /^gcp:cloudrunv2\/service:/,
    "1,000 requests at once",
    (props) => (props.template.maxInstanceRequestConcurrency = 1000),
  ],
  [
    /^gcp:cloudrunv2\/service:/,
    "a binary that is not checked",
    (props) => (props.binaryAuthorization = { breakglassJustification: "x" }),
  ],
  [/^gcp:cloudrunv2\/job:/, "tried for ever", (props) => (props.template.template.maxRetries = 10)],
  [/^gcp:cloudrunv2\/job:/, "not run by an update", (props) => delete props.runExecutionToken],
  [/^gcp:cloudrunv2\/job:/, "a day for a task", (props) => (props.template.template.timeout = "86400s")],
  [/^gcp:monitoring\/uptimeCheckConfig:/, "another page", (props) => (props.httpCheck.path = "/")],
  [
    /^gcp:monitoring\/uptimeCheckConfig:/,
    "certificates not checked",
    (props) => (props.httpCheck.validateSsl = false),
  ],
  [/^gcp:monitoring\/alertPolicy:/, "nobody told", (props) => (props.notificationChannels = [])],
  [
    /^gcp:monitoring\/alertPolicy:/,
    "only at a thousand",
    (props) => (props.conditions[0].conditionThreshold.thresholdValue = 1000),
  ],
  [
    /^gcp:monitoring\/notificationChannel:/,
    "a stranger's hook",
    (props) =>
      Object.assign(props, { type: "webhook_tokenauth", labels: { url: "https://stranger.example" } }),
  ],
  [/^gcp:pubsub\/topic:/, "lines kept outside the region", (props) => delete props.messageStoragePolicy],
  [/^gcp:secretmanager\/secret:/, "kept in any region", (props) => (props.replication = { auto: {} })],
  [
    /^gcp:secretmanager\/secret:/,
    "events to a stranger",
    (props) => (props.topics = [{ name: "projects/stranger/topics/x" }]),
  ],
  [/^gcp:projects\/service:/, "switched off with the stack", (props) => (props.disableOnDestroy = true)],
  [/^gcp:serviceaccount\/account:/, "disabled", (props) => (props.disabled = true)],
  [/^gcp:dns\/recordSet:/, "the machine's name elsewhere", (props) => (props.type = "CNAME")],
];

/** What may be left out, one of each: without it something that the catalogue has is not there. */
const NEEDED =
  /^gcp:(cloudrunv2\/(service|job|workerPool)|cloudscheduler\/job|compute\/instance|logging\/projectSink|monitoring\/\w+|pubsub\/subscription|storage\/bucketObject):/;

export function* design(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "design", what, resources });
  for (const [type, props] of BESIDE)
    yield of(
      `${type} beside the stack`,
      withOne(base, { type: `gcp:${type}`, name: "extra", props, dependsOn: [] }),
    );
  for (const [type, what, change] of FIELDS)
    for (const at of ofTypes(base, type)) {
      const { name, props } = base[at]!;
      // What is not there cannot be taken away.
      if (/^not run/.test(what) && !("runExecutionToken" in props)) continue;
      yield of(
        `${name}: ${what}`,
        changed(base, at, (copy) => change(copy.props)),
      );
    }
  for (const at of ofTypes(base, NEEDED)) {
    const { type, name } = base[at]!;
    // Files go one like another; each of the rest is missed by its own name.
    const what = type.includes("bucketObject") ? `${name}: gone` : `${name} is gone`;
    yield of(
      what,
      base.filter((_, index) => index !== at),
    );
  }
  yield* containers(base, of);
  yield* guard(base, of);
}

function* containers(
  base: Resource[],
  of: (what: string, resources: Resource[]) => Mutant,
): Generator<Mutant> {
  for (const { where, target, container, change } of containersOf(base)) {
    if (target === "compose") continue;
    const { envs = [], livenessProbe, startupProbe } = container as Props;
    for (const [index, { name }] of (envs as Props[]).entries())
      yield of(
        `${where}: ${name} is left out`,
        change((broken) => broken.envs.splice(index, 1)),
      );
    const secret = (envs as Props[]).findIndex(({ valueSource }) => valueSource?.secretKeyRef);
    if (secret >= 0)
      yield of(
        `${where}: a secret at its latest version, unsaid`,
        change((broken) => delete broken.envs[secret].valueSource.secretKeyRef.version),
      );
    if (startupProbe)
      yield of(
        `${where}: ready at once`,
        change((broken) => delete broken.startupProbe),
      );
    if (livenessProbe)
      yield of(
        `${where}: never asked whether it lives`,
        change((broken) => delete broken.livenessProbe),
      );
  }
}

function* guard(base: Resource[], of: (what: string, resources: Resource[]) => Mutant): Generator<Mutant> {
  const files = ofTypes(base, /^gcp:storage\/bucketObject:/);
  for (const at of files.filter((each) => /guard\.json$/.test(base[each]!.name))) {
    const text = base[at]!.props.content as string;
    const broken = (what: string, change: (guard: Props) => void) => {
      const copy = JSON.parse(text) as Props;
      change(copy);
      return of(
        what,
        changed(base, at, ({ props }) => (props.content = JSON.stringify(copy))),
      );
    };
    yield broken("a price a thousand times too high, so that any budget is a small share", ({ tiers }) => {
      tiers.tier_1.price_nanos *= 1000;
      tiers.tier_1.budget_nanos *= 100;
    });
    for (const [what, price] of [
      ["negative", -1],
      ["tiny", 1],
      ["a fraction", 0.5],
      ["a text", "0"],
      ["not a number", null],
    ] as const)
      for (const model of Object.keys((JSON.parse(text) as Props).models).slice(0, 2))
        yield broken(`${model} costs ${what}`, ({ models }) => (models[model].input_nanos = price));
    yield broken("no customers of the most expensive tier", ({ fleet }) => (fleet.customers.tier_3 = 0));
    yield broken("a session without calls counted", ({ session }) => (session.calls = null));
  }
  for (const at of files.filter((each) => /loki\.yaml$/.test(base[each]!.name)))
    yield of(
      "logs of every tenant, unasked",
      changed(base, at, ({ props }) => {
        const config = parse(props.content as string) as Props;
        config.limits_config.reject_old_samples = false;
        props.content = stringify(config);
      }),
    );
  for (const at of files.filter((each) => /rules.*\.ya?ml$|alertmanager\.yml$/.test(base[each]!.name)))
    yield of(
      `${base[at]!.name}: emptied`,
      changed(base, at, ({ props }) => (props.content = "groups: []\n")),
    );
}
