import type { Resource } from "../../policies/evaluate";
import type { Environment, Props } from "../../policies/rule";
import * as types from "../../policies/infrastructure/types";
import { judge } from "./judge";

const of = (type: string, props: Props, name = "it"): Resource => ({ type, name, props });
const sql = (settings: Props) => of(types.SQL_INSTANCE, { settings });
const redis = (props: Props, name = "redis") => of(types.REDIS_INSTANCE, props, name);
const run = (name: string, props: Props) =>
  of(types.RUN_SERVICE, { name: `tollgate-${name}`, ...props }, name);
const container = (props: Props) => run("loki", { template: { containers: [{ name: "loki", ...props }] } });
const job = (props: Props) =>
  of(types.RUN_JOB, { template: { template: { containers: [{ name: "job", ...props }] } } });
const env = (name: string, value?: string, secretKeyRef?: Props) => ({
  envs: [{ name, value, ...(secretKeyRef ? { valueSource: { secretKeyRef } } : {}) }],
});

const DIGEST = `grafana/loki@sha256:${"a".repeat(64)}`;

/** Policy, its remedy, and cases: what is deployed and the findings; `dev` cases are judged there. */
const policies: [string, string, [string, Resource[], string[], Environment?][]][] = [
  [
    "database-private",
    "Set ipConfiguration.ipv4Enabled to false and privateNetwork to the stack's network",
    [
      ["private", [sql({ ipConfiguration: { ipv4Enabled: false } })], []],
      ["public", [sql({ ipConfiguration: { ipv4Enabled: true } })], ["ipConfiguration.ipv4Enabled is true"]],
      ["not said", [sql({})], ["ipConfiguration.ipv4Enabled is not set"]],
      [
        "open networks",
        [sql({ ipConfiguration: { ipv4Enabled: false, authorizedNetworks: [{ value: "0.0.0.0/0" }] } })],
        ["ipConfiguration.authorizedNetworks admits 1 networks"],
      ],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "database-encrypted",
    "Set ipConfiguration.sslMode to ENCRYPTED_ONLY",
    [
      ["TLS only", [sql({ ipConfiguration: { sslMode: "ENCRYPTED_ONLY" } })], []],
      [
        "client certificates",
        [sql({ ipConfiguration: { sslMode: "TRUSTED_CLIENT_CERTIFICATE_REQUIRED" } })],
        [],
      ],
      [
        "both",
        [sql({ ipConfiguration: { sslMode: "ALLOW_UNENCRYPTED_AND_ENCRYPTED" } })],
        ["ipConfiguration.sslMode is ALLOW_UNENCRYPTED_AND_ENCRYPTED"],
      ],
      ["not said", [of(types.SQL_INSTANCE, {})], ["ipConfiguration.sslMode is not set"]],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "database-backups",
    "Enable backupConfiguration and its pointInTimeRecovery",
    [
      ["both", [sql({ backupConfiguration: { enabled: true, pointInTimeRecoveryEnabled: true } })], []],
      [
        "no recovery",
        [sql({ backupConfiguration: { enabled: true, pointInTimeRecoveryEnabled: false } })],
        ["backupConfiguration.pointInTimeRecoveryEnabled is false"],
      ],
      [
        "off",
        [sql({ backupConfiguration: { enabled: false, pointInTimeRecoveryEnabled: true } })],
        ["backupConfiguration.enabled is false"],
      ],
      [
        "not said",
        [of(types.SQL_INSTANCE, {})],
        [
          "backupConfiguration.enabled is not set",
          "backupConfiguration.pointInTimeRecoveryEnabled is not set",
        ],
      ],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "high-availability",
    "Set availabilityType to REGIONAL (Cloud SQL) and tier to STANDARD_HA (Memorystore)",
    [
      ["both", [sql({ availabilityType: "REGIONAL" }), redis({ tier: "STANDARD_HA" })], []],
      ["one zone", [sql({ availabilityType: "ZONAL" })], ["settings.availabilityType is ZONAL"]],
      ["basic", [redis({ tier: "BASIC" })], ["tier is BASIC"]],
      [
        "not said",
        [redis({}), of(types.SQL_INSTANCE, {})],
        ["tier is not set", "settings.availabilityType is not set"],
      ],
      ["in dev", [redis({ tier: "BASIC" })], [], "dev"],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "redis-authenticated",
    "Set authEnabled to true and transitEncryptionMode to SERVER_AUTHENTICATION",
    [
      ["both", [redis({ authEnabled: true, transitEncryptionMode: "SERVER_AUTHENTICATION" })], []],
      [
        "no password",
        [redis({ authEnabled: false, transitEncryptionMode: "SERVER_AUTHENTICATION" })],
        ["authEnabled is false"],
      ],
      [
        "no TLS",
        [redis({ authEnabled: true, transitEncryptionMode: "DISABLED" })],
        ["transitEncryptionMode is DISABLED"],
      ],
      ["not said", [redis({})], ["authEnabled is not set", "transitEncryptionMode is not set"]],
      ["another resource", [of(types.VM, {})], []],
    ],
  ],
  [
    "redis-keeps-queue",
    "Give Langfuse a Redis with maxmemory-policy noeviction, and the cache one of its own in prod",
    [
      ["no Redis", [], []],
      [
        "a queue and a cache",
        [
          redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } }, "cache"),
          redis({ redisConfigs: { "maxmemory-policy": "noeviction" } }),
        ],
        [],
      ],
      [
        "only a cache",
        [redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } })],
        ["redis has maxmemory-policy allkeys-lru, and no other Redis keeps a queue"],
      ],
      ["not said", [redis({})], ["redis has maxmemory-policy not set, and no other Redis keeps a queue"]],
    ],
  ],
  [
    "cache-apart",
    "Add a Redis with whenFull allkeys-lru for the service `cache`",
    [
      ["no Redis", [], []],
      [
        "a queue and a cache",
        [
          redis({ redisConfigs: { "maxmemory-policy": "noeviction" } }),
          redis({ redisConfigs: { "maxmemory-policy": "allkeys-lru" } }),
        ],
        [],
      ],
      [
        "one for both",
        [redis({ redisConfigs: { "maxmemory-policy": "noeviction" } })],
        ["The stack has 1 Redis and none is a cache"],
      ],
      ["not said", [redis({})], ["The stack has 1 Redis and none is a cache"]],
      ["in dev", [redis({})], [], "dev"],
    ],
  ],
  [
    "vm-private",
    "Remove accessConfigs and ipv6AccessConfigs from the VM's network interfaces",
    [
      ["private", [of(types.VM, { networkInterfaces: [{ network: "n" }] }), of(types.VM, {})], []],
      [
        "public",
        [of(types.VM, { networkInterfaces: [{}, { accessConfigs: [{}] }] })],
        ["networkInterfaces[1] has a public address"],
      ],
      [
        "public over IPv6",
        [of(types.VM, { networkInterfaces: [{ ipv6AccessConfigs: [{}] }] })],
        ["networkInterfaces[0] has a public address"],
      ],
      ["another resource", [sql({ networkInterfaces: [{ accessConfigs: [{}] }] })], []],
    ],
  ],
  [
    "ingress-internal",
    "Set ingress to INGRESS_TRAFFIC_INTERNAL_ONLY, or put the service behind the Identity-Aware Proxy (iapEnabled)",
    [
      [
        "internal",
        [run("gateway", { ingress: "INGRESS_TRAFFIC_INTERNAL_ONLY", invokerIamDisabled: true })],
        [],
      ],
      ["the agent", [run("agent", { ingress: "INGRESS_TRAFFIC_ALL", invokerIamDisabled: true })], []],
      ["behind the proxy", [run("grafana", { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: true })], []],
      [
        "open",
        [run("gateway", { ingress: "INGRESS_TRAFFIC_ALL" })],
        ["tollgate-gateway has ingress INGRESS_TRAFFIC_ALL and nobody asks its callers who they are"],
      ],
      [
        "around the proxy",
        [run("grafana", { ingress: "INGRESS_TRAFFIC_ALL", iapEnabled: true, invokerIamDisabled: true })],
        ["tollgate-grafana has ingress INGRESS_TRAFFIC_ALL and nobody asks its callers who they are"],
      ],
      [
        "not said",
        [run("loki", {})],
        ["tollgate-loki has ingress not set and nobody asks its callers who they are"],
      ],
      ["another resource", [of(types.RUN_JOB, { name: "tollgate-job" })], []],
    ],
  ],
  [
    "no-all-users",
    "Grant the role to a service account or a group",
    [
      ["a service account", [of(types.SECRET_MEMBER, { role: "r", member: "serviceAccount:a@b" })], []],
      [
        "everybody on the agent",
        [
          of(types.RUN_SERVICE_MEMBER, {
            name: "tollgate-agent",
            role: "roles/run.invoker",
            member: "allUsers",
          }),
        ],
        [],
      ],
      [
        "everybody on the gateway",
        [
          of(types.RUN_SERVICE_MEMBER, {
            name: "tollgate-gateway",
            role: "roles/run.invoker",
            member: "allUsers",
          }),
        ],
        ["it grants roles/run.invoker to allUsers"],
      ],
      [
        "everybody on a bucket of the agent's name",
        [
          of("gcp:storage/bucketIAMMember:BucketIAMMember", {
            name: "tollgate-agent",
            role: "r",
            member: "allUsers",
          }),
        ],
        ["it grants r to allUsers"],
      ],
      [
        "every account in a list",
        [
          of("gcp:storage/bucketIAMBinding:BucketIAMBinding", {
            role: "r",
            members: ["user:a", "allAuthenticatedUsers"],
          }),
        ],
        ["it grants r to allAuthenticatedUsers"],
      ],
    ],
  ],
  [
    "provider-keys-at-gateway",
    "Take the secret from the service and let it call the gateway",
    [
      [
        "the gateway",
        [
          run("gateway", {
            template: {
              containers: [
                env("ANTHROPIC_API_KEY", undefined, { secret: "anthropic-api-key", version: "1" }),
              ],
            },
          }),
          of(types.SECRET_MEMBER, {
            secretId: "anthropic-api-key",
            member: "serviceAccount:tollgate-gateway@p.iam",
          }),
          of(types.SECRET_MEMBER, { secretId: "anthropic-api-key" }, "gateway-anthropic-api-key"),
        ],
        [],
      ],
      [
        "another secret of another service",
        [
          container(env("K", undefined, { secret: "agent-key", version: "1" })),
          of(types.SECRET_MEMBER, { secretId: "agent-key", member: "serviceAccount:tollgate-agent@p.iam" }),
          of(types.SECRET_MEMBER, {}),
        ],
        [],
      ],
      [
        "another service",
        [container(env("K", undefined, { secret: "projects/p/secrets/anthropic-api-key", version: "1" }))],
        ["tollgate-loki is given projects/p/secrets/anthropic-api-key"],
      ],
      [
        "a job",
        [
          of(types.RUN_JOB, {
            name: "tollgate-job",
            template: { template: { containers: [env("K", undefined, { secret: "self-hosted-api-key" })] } },
          }),
        ],
        ["tollgate-job is given self-hosted-api-key"],
      ],
      [
        "another account",
        [
          of(
            types.SECRET_MEMBER,
            {
              secretId: "projects/p/secrets/anthropic-api-key",
              member: "serviceAccount:tollgate-agent@p.iam",
            },
            "gateway-x",
          ),
        ],
        ["gateway-x lets serviceAccount:tollgate-agent@p.iam read projects/p/secrets/anthropic-api-key"],
      ],
      [
        "an account that is not there yet",
        [of(types.SECRET_MEMBER, { secretId: "anthropic-api-key" }, "agent-key")],
        ["agent-key lets another account read anthropic-api-key"],
      ],
      ["another resource", [of(types.VM, { secretId: "anthropic-api-key" })], []],
    ],
  ],
  [
    "images-by-digest",
    "Refer to the image by its digest (`npm run images:pin` finds those of public images)",
    [
      ["by digest", [container({ image: DIGEST }), job({ image: DIGEST })], []],
      ["built by this update", [container({})], []],
      ["by tag", [container({ image: "grafana/loki:3" })], ["Container loki runs grafana/loki:3"]],
      ["in a job", [job({ image: "grafana/loki:3" })], ["Container job runs grafana/loki:3"]],
      [
        "a digest that is cut",
        [container({ image: DIGEST.slice(0, -1) })],
        [`Container loki runs ${DIGEST.slice(0, -1)}`],
      ],
      ["a digest and more", [container({ image: `${DIGEST}:x` })], [`Container loki runs ${DIGEST}:x`]],
      ["another resource", [of(types.VM, { template: { containers: [{ image: "x" }] } })], []],
    ],
  ],
  [
    "secrets-from-manager",
    "Keep the value as a secret of infra/catalogue/secrets.ts and refer to it",
    [
      [
        "from the manager",
        [container(env("AGENT_KEY", undefined, { secret: "agent-key", version: "1" })), container({})],
        [],
      ],
      [
        "a plain setting",
        [container(env("LOKI_URL", "http://loki:3100/path")), job(env("KEYBOARD", "x"))],
        [],
      ],
      [
        "a key",
        [container(env("ANTHROPIC_API_KEY", "sk-1"))],
        ["Container loki has ANTHROPIC_API_KEY as a plain value"],
      ],
      ["a salt", [job(env("SALT", "x"))], ["Container job has SALT as a plain value"]],
      [
        "a URL with a password",
        [container(env("DATABASE_URL", "postgresql://u:p@host/db"))],
        ["Container loki has DATABASE_URL as a plain value"],
      ],
      ["a URL with a user only", [container(env("DATABASE_URL", "postgresql://u@host/db"))], []],
      ["another resource", [of(types.VM, { template: { containers: [env("SALT", "x")] } })], []],
    ],
  ],
  [
    "secrets-pinned",
    "Name the version's number in place of `latest`",
    [
      ["pinned", [container(env("A_KEY", undefined, { secret: "a", version: "3" })), run("loki", {})], []],
      [
        "latest",
        [container(env("A_KEY", undefined, { secret: "a", version: "latest" }))],
        ["A_KEY reads version latest"],
      ],
      [
        "latest in a file",
        [
          run("alertmanager", {
            template: {
              volumes: [
                { name: "config" },
                { name: "slack", secret: { items: [{ version: "1" }, { version: "latest" }] } },
              ],
            },
          }),
        ],
        ["slack reads version latest"],
      ],
      [
        "latest in a job's file",
        [
          of(types.RUN_JOB, {
            template: {
              template: { volumes: [{ name: "tls", secret: { items: [{ version: "latest" }] } }] },
            },
          }),
        ],
        ["tls reads version latest"],
      ],
      [
        "another resource",
        [of(types.VM, { template: { containers: [env("K", "", { version: "latest" })] } })],
        [],
      ],
    ],
  ],
  [
    "limits-set",
    "Set cpu and memory under resources.limits",
    [
      ["both", [container({ resources: { limits: { cpu: "1", memory: "512Mi" } } })], []],
      [
        "no memory",
        [container({ resources: { limits: { cpu: "1" } } })],
        ["Container loki has no limit of memory"],
      ],
      ["none", [job({})], ["Container job has no limit of cpu", "Container job has no limit of memory"]],
      ["another resource", [of(types.VM, { template: { containers: [{}] } })], []],
    ],
  ],
  [
    "deletion-protection",
    "Set deletionProtection to true",
    [
      [
        "protected",
        [sql({}), redis({}), run("loki", {}), of(types.VM, {})].map((each) => ({
          ...each,
          props: { ...each.props, deletionProtection: true },
        })),
        [],
      ],
      ["not protected", [redis({ deletionProtection: false })], ["deletionProtection is false"]],
      [
        "not said",
        [sql({}), run("loki", {}), of(types.VM, {})],
        Array(3).fill("deletionProtection is not set"),
      ],
      ["in dev", [redis({})], [], "dev"],
      ["another resource", [of(types.DISK, {})], []],
    ],
  ],
  [
    "labels",
    "Set the labels environment, service, owner, phase with labelsOf of components/labels.ts",
    [
      [
        "all",
        [
          of(types.BUCKET, { labels: { environment: "e", service: "s", owner: "o", phase: "1" } }),
          sql({ userLabels: { environment: "e", service: "s", owner: "o", phase: "1" } }),
        ],
        [],
      ],
      [
        "some",
        [run("loki", { labels: { environment: "e", owner: "" } })],
        ["The labels lack service, owner, phase"],
      ],
      [
        "none",
        [
          redis({}),
          of(types.VM, {}),
          of(types.DISK, {}),
          of(types.BUCKET, {}),
          of(types.SQL_INSTANCE, { labels: {} }),
        ],
        Array(5).fill("The labels lack environment, service, owner, phase"),
      ],
      ["another resource", [of(types.RUN_JOB, {})], []],
    ],
  ],
  [
    "retention-metrics",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      [
        "15 days",
        [
          run("prometheus", {
            template: { containers: [{ args: ["--x=1", "--storage.tsdb.retention.time=15d"] }] },
          }),
        ],
        [],
      ],
      [
        "30 days",
        [run("prometheus", { template: { containers: [{ args: ["--storage.tsdb.retention.time=30d"] }] } })],
        ["storage.tsdb.retention.time is 30d, not 15d"],
      ],
      ["not said", [run("prometheus", {})], ["storage.tsdb.retention.time is not set, not 15d"]],
      ["another service", [run("loki", {})], []],
    ],
  ],
  [
    "retention-logs",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      [
        "7 days",
        [
          of(types.BUCKET_OBJECT, {
            name: "loki/0a/loki.yaml",
            content: "limits_config: { retention_period: 168h }",
          }),
        ],
        [],
      ],
      [
        "14 days",
        [
          of(types.BUCKET_OBJECT, {
            name: "loki/0a/loki.yaml",
            content: "limits_config: { retention_period: 336h }",
          }),
        ],
        ["limits_config.retention_period is 336h, not 168h"],
      ],
      [
        "not said",
        [of(types.BUCKET_OBJECT, { name: "loki/0a/loki.yaml", content: "{}" })],
        ["limits_config.retention_period is not set, not 168h"],
      ],
      [
        "another file",
        [of(types.BUCKET_OBJECT, { name: "loki/0a/rules.yaml", content: "{}" }), of(types.BUCKET_OBJECT, {})],
        [],
      ],
    ],
  ],
  [
    "retention-traces",
    "Render it from litellm-config/definitions/retention.ts with `npm run render`",
    [
      [
        "90 days",
        [of(types.VM, { metadata: { "user-data": "clickhouse TTL start_time + INTERVAL 90 DAY" } })],
        [],
      ],
      [
        "90 days in the other form",
        [of(types.VM, { metadata: { "user-data": "clickhouse toIntervalDay(90)" } })],
        [],
      ],
      [
        "30 days",
        [of(types.VM, { metadata: { "user-data": "clickhouse INTERVAL 30 DAY" } })],
        ["The machine's user-data sets no TTL of 90 days"],
      ],
      ["another machine", [of(types.VM, { metadata: { "user-data": "postgres" } }), of(types.VM, {})], []],
    ],
  ],
];

describe.each(policies)("%s", (policy, remedy, cases) => {
  it.each(cases)("%s", async (_, resources, findings, environment: Environment = "prod") => {
    const messages = await judge(policy, resources, environment);
    expect(messages).toEqual(findings.map((finding) => `mandatory: ${finding}. ${remedy}`));
  });
});
