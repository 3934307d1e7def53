import type { Resource } from "../../../../policies/evaluate";
import type { Props } from "../../../../policies/rule";
import { changed, withOne, type Mutant } from "../mutant";
import { ofTypes } from "./containers";

/** What a plan says that follows from the stack's settings: another place, another's thing, another number. */
type Break = [type: RegExp, what: string, change: (props: Props, resource: Resource) => void];

const NETWORK = "projects/stranger/global/networks/x";
const SUBNETWORK = "projects/stranger/regions/europe-west1/subnetworks/x";
const KEY = "Qz7Lw2Xk9Vb4Tn8Rm3Jp6Hd1Gf5Cs0Ya";

const text = (value: string) => Buffer.from(value).toString("base64");
const templateOf = ({ template }: Props): Props => template.template ?? template;
const containersIn = (props: Props): Props[] => templateOf(props).containers;
const secretIn = (props: Props): Props | undefined =>
  containersIn(props)
    .flatMap(({ envs = [] }): Props[] => envs)
    .find(({ valueSource }) => valueSource?.secretKeyRef)?.valueSource.secretKeyRef;
const mountsOf = (props: Props): Props[] =>
  (templateOf(props).volumes ?? []).filter(({ gcs }: Props) => gcs?.readOnly);
const labelsOf = (props: Props): Props => props.labels ?? props.userLabels ?? props.settings.userLabels;

const RUN = /^gcp:cloudrunv2\/(service|job|workerPool):/;
const SERVICE = /^gcp:cloudrunv2\/service:/;
const SQL = /^gcp:sql\/databaseInstance:/;
const VM = /^gcp:compute\/instance:/;
const ALERT = /^gcp:monitoring\/alertPolicy:/;
const BILL = /^gcp:billing\/budget:/;
const OFFICE = /^gcp:cloudscheduler\/job:/;

const BREAKS: Break[] = [
  // In another project or region.
  ...["project", "location", "region", "zone"].map((field): Break => [
    /^gcp:/,
    `${field} of a stranger`,
    (props) => field in props && (props[field] = field === "project" ? "stranger" : "us-central1-b"),
  ]),
  [
    /^gcp:secretmanager\/secret:/,
    "a second replica",
    ({ replication }) => replication.userManaged.replicas.push({ location: "us-east1" }),
  ],
  [
    /^gcp:compute\/resourcePolicy:/,
    "snapshots elsewhere",
    ({ snapshotSchedulePolicy }) => (snapshotSchedulePolicy.snapshotProperties.storageLocations = "us"),
  ],
  // What belongs to a stranger.
  [
    RUN,
    "a network",
    (props) =>
      (templateOf(props).vpcAccess.networkInterfaces = [{ network: NETWORK, subnetwork: SUBNETWORK }]),
  ],
  [SQL, "a network", ({ settings }) => (settings.ipConfiguration.privateNetwork = NETWORK)],
  [VM, "a network", ({ networkInterfaces }) => (networkInterfaces[0].subnetwork = SUBNETWORK)],
  [VM, "a data disk", (props) => (props.attachedDisks[0].source = "projects/stranger/zones/z/disks/x")],
  [/^gcp:compute\/firewall:/, "a network", (props) => (props.network = NETWORK)],
  [
    /^gcp:dns\/managedZone:/,
    "a network",
    (props) => (props.privateVisibilityConfig.networks[0].networkUrl = NETWORK),
  ],
  [/^gcp:dns\/recordSet:/, "an address", (props) => (props.rrdatas = ["203.0.113.7"])],
  [
    /^gcp:dns\/recordSet:/,
    "one address more",
    (props) => (props.rrdatas = [...props.rrdatas, "203.0.113.7"]),
  ],
  [
    /^gcp:logging\/projectSink:/,
    "a bucket",
    (props) => (props.destination = "storage.googleapis.com/stranger"),
  ],
  [
    /^gcp:logging\/projectSink:/,
    "half of the filter",
    (props) => (props.filter = String(props.filter).split(" OR ")[0]),
  ],
  [/^gcp:pubsub\/subscription:/, "a topic", (props) => (props.topic = "projects/stranger/topics/x")],
  [
    /^gcp:secretmanager\/secretVersion:/,
    "a secret",
    (props) => (props.secret = "projects/stranger/secrets/x"),
  ],
  [
    RUN,
    "a secret",
    (props) => {
      const found = secretIn(props);
      if (found) found.secret = `projects/stranger/secrets/${found.secret}`;
    },
  ],
  [
    RUN,
    "a second folder",
    (props) => mountsOf(props)[0]?.gcs.mountOptions.push("only-dir=gateway/000000000000"),
  ],
  [
    RUN,
    "a server of objects",
    (props) => mountsOf(props)[0]?.gcs.mountOptions.push("custom-endpoint=https://stranger.example"),
  ],
  [
    ALERT,
    "a channel",
    (props) => (props.notificationChannels = ["projects/stranger/notificationChannels/1"]),
  ],
  [
    /^gcp:monitoring\/notificationChannel:/,
    "a mailbox",
    ({ labels }) => (labels.email_address = "someone@stranger.example"),
  ],
  [
    /^gcp:monitoring\/uptimeCheckConfig:/,
    "a host",
    (props) => (props.monitoredResource.labels.host = "example.com"),
  ],
  // Another number, or another choice that others have.
  [SQL, "a larger tier", ({ settings }) => (settings.tier = "db-custom-2-7680")],
  [SQL, "fewer connections", ({ settings }) => (settings.databaseFlags[0].value = "60")],
  [/^gcp:redis\/instance:/, "more memory", (props) => props.memorySizeGb++],
  [VM, "a smaller machine", (props) => (props.machineType = "e2-micro")],
  [
    VM,
    "no log",
    ({ metadata }) => "google-logging-enabled" in metadata && (metadata["google-logging-enabled"] = "false"),
  ],
  [/^gcp:compute\/disk:/, "smaller", (props) => (props.size = 10)],
  [SERVICE, "other ingress", (props) => (props.ingress = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER")],
  [
    SERVICE,
    "every network's way out",
    ({ template }) =>
      (template.vpcAccess.egress =
        template.vpcAccess.egress === "ALL_TRAFFIC" ? "PRIVATE_RANGES_ONLY" : "ALL_TRAFFIC"),
  ],
  [
    SERVICE,
    "an older revision",
    (props) =>
      (props.traffics = [
        {
          type: "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION",
          revision: `${props.name}-00001-abc`,
          percent: 100,
        },
      ]),
  ],
  [
    SERVICE,
    "behind the proxy, from everywhere",
    (props) => {
      if (!props.iapEnabled)
        Object.assign(props, { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: true, invokerIamDisabled: false });
    },
  ],
  [
    /^gcp:cloudrunv2\/job:/,
    "retries of another",
    ({ template }) => (template.template.maxRetries = 2 - template.template.maxRetries),
  ],
  [RUN, "a GPU", (props) => (containersIn(props)[0]!.resources.limits["nvidia.com/gpu"] = "1")],
  [
    RUN,
    "ready at the first try",
    (props) => {
      const probed = containersIn(props).find(({ startupProbe }) => startupProbe);
      if (probed) probed.startupProbe.failureThreshold = 1;
    },
  ],
  [
    RUN,
    "another digest of an own image",
    (props) => {
      const own = containersIn(props).find(({ image }) => /tollgate\/(agent|gateway)@/.test(image));
      if (own) own.image = own.image.replace(/@.*/, `@sha256:${"9".repeat(64)}`);
    },
  ],
  [
    SERVICE,
    "routes exchanged",
    (props) => {
      const routes = containersIn(props)
        .flatMap(({ envs = [] }): Props[] => envs)
        .find(({ name }) => name === "ROUTES");
      const ports = routes
        ? [...routes.value.matchAll(/\d+/g)].map(([port]) => port as string).reverse()
        : [];
      if (routes) routes.value = routes.value.replace(/\d+/g, () => ports.shift()!);
    },
  ],
  [
    /^gcp:(storage\/bucket|compute\/\w+|sql\/databaseInstance|cloudrunv2\/service):/,
    "labels of another stack",
    (props) => {
      const labels = props.labels || props.settings ? labelsOf(props) : undefined;
      if (labels) labels.environment = "another";
    },
  ],
  [
    ALERT,
    "a threshold of another",
    (props) => {
      const [{ conditionThreshold: at }] = props.conditions;
      at.thresholdValue = at.thresholdValue === 1 ? 10 : 1;
    },
  ],
  [BILL, "a million", ({ amount }) => (amount.specifiedAmount.units = "1000000")],
  [BILL, "a warning less", ({ thresholdRules }) => thresholdRules.pop()],
  [BILL, "of another project", ({ budgetFilter }) => (budgetFilter.projects = ["projects/1"])],
  [BILL, "of another account", (props) => (props.billingAccount = "000000-000000-000000")],
  [OFFICE, "late", (props) => (props.schedule = String(props.schedule).replace(/^(\S+) \d+ /, "$1 3 "))],
  [
    OFFICE,
    "the other way round",
    (props) => {
      if (!props.httpTarget.body) return;
      const body = Buffer.from(props.httpTarget.body as string, "base64").toString();
      const turned = body.includes("ALWAYS")
        ? body.replace("ALWAYS", "NEVER")
        : body.replace("NEVER", "ALWAYS");
      props.httpTarget.body = text(
        turned.replace(/(manualInstanceCount":)(\d)/, (_, key, count) => key + (1 - count)),
      );
    },
  ],
  [
    /^gcp:projects\/iAMMember:/,
    "a wider condition",
    ({ condition }) => {
      if (condition) condition.expression = 'resource.name == "x" || true';
    },
  ],
  [/^gcp:projects\/iAMMember:/, "without its condition", (props) => delete props.condition],
  [
    /^gcp:storage\/bucket:/,
    "kept half as long",
    (props) => {
      const [rule] = props.lifecycleRules ?? [];
      if (rule) rule.condition.age = Math.floor(rule.condition.age / 2);
    },
  ],
  // Words that nobody looks at.
  [ALERT, "a key in its words", ({ documentation }) => (documentation.content += ` ${text(KEY)}`)],
  [/^gcp:serviceaccount\/account:/, "a key as its title", (props) => (props.displayName = KEY)],
  [SERVICE, "a key as a label", ({ labels }) => (labels.owner = KEY.toLowerCase())],
  // What an update would not do.
  [
    /^gcp:(cloudrunv2\/service|sql\/databaseInstance|storage\/bucketObject):/,
    "never changed",
    (_, resource) => {
      resource.ignoreChanges = ["template", "settings", "content"];
    },
  ],
  [
    /^random:index\/randomPassword:/,
    "digits only",
    (props) => Object.assign(props, { lower: false, upper: false }),
  ],
  [/^random:index\/randomPassword:/, "one sign", (props) => (props.overrideSpecial = "!")],
  [/^gcp:sql\/user:/, "a chosen password", (props) => (props.password = "correcthorsebattery")],
];

const MORE: [type: string, props: Props][] = [
  ["gcp:storage/bucket:Bucket", { name: "tollgate-prod-shadow" }],
  ["gcp:serviceaccount/account:Account", { accountId: "tollgate-spare" }],
  ["gcp:sql/user:User", { name: "postgres" }],
  ["gcp:compute/network:Network", { autoCreateSubnetworks: false }],
  ["gcp:compute/firewall:Firewall", { allows: [{ protocol: "tcp" }], sourceRanges: ["10.10.0.0/20"] }],
  ["gcp:logging/projectSink:ProjectSink", { destination: undefined }],
  ["gcp:dns/recordSet:RecordSet", { name: "*.googleapis.com.", rrdatas: ["10.10.0.9"] }],
  ["gcp:secretmanager/secret:Secret", { secretId: "shadow" }],
  ["gcp:projects/service:Service", { service: "cloudbuild.googleapis.com" }],
  ["random:index/randomPet:RandomPet", { length: 2 }],
  ["pulumi:providers:gcp", { project: "stranger" }],
  ["pulumi:providers:gcp", { impersonateServiceAccount: "owner@stranger.iam.gserviceaccount.com" }],
  ["pulumi:pulumi:StackReference", { name: "stranger/x/prod" }],
];

/** Ways to write a secret so that it looks like something else. */
const DISGUISES: Record<string, (value: string) => string> = {
  base64: text,
  base64url: (value) => Buffer.from(value).toString("base64url"),
  hex: (value) => Buffer.from(value).toString("hex"),
  "URL-encoded": encodeURIComponent,
  backwards: (value) => [...value].reverse().join(""),
};

export function* values(base: Resource[]): Generator<Mutant> {
  const of = (what: string, resources: Resource[]): Mutant => ({ kind: "design", what, resources });
  for (const [type, what, change] of BREAKS)
    for (const at of ofTypes(base, type)) {
      const before = base[at]!;
      // What is known only after the update has nothing to break.
      if (/address/.test(what) && before.props.rrdatas[0] === undefined) continue;
      if (/filter/.test(what) && before.props.filter === undefined) continue;
      const broken = changed(base, at, (copy) => void change(copy.props, copy));
      if (JSON.stringify(broken[at]) !== JSON.stringify(before)) yield of(`${before.name}: ${what}`, broken);
    }
  for (const [type, props] of MORE)
    yield of(
      `one more ${type} ${JSON.stringify(props)}`,
      withOne(base, { type, name: "extra", props, dependsOn: [] }),
    );
  const [version] = ofTypes(base, /^gcp:secretmanager\/secretVersion:/);
  const [bucket] = ofTypes(base, /^gcp:storage\/bucket:/);
  for (const [how, write] of Object.entries(DISGUISES)) {
    const value = "our own words, no key";
    const set = changed(base, version!, ({ props }) => (props.secretData = value));
    yield of(
      `a secret ${how}`,
      changed(set, bucket!, ({ props }) => (props.labels.note = write(value))),
    );
  }
}
