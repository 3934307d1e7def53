import { definitions } from "../litellm-config";
import { DATABASE_CA } from "./database-url";
import { bucketSpecs } from "./buckets";
import { gateway } from "./gateway";
import { BLOB_STORE_USER, langfuseDatabases, llmObservability } from "./llm-observability";
import type { JobSpec } from "./spec";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

const ofLangfuse = {
  LANGFUSE_HOST: { url: "langfuse-web" },
  LANGFUSE_PUBLIC_KEY: { secret: "langfuse-public-key" },
  LANGFUSE_SECRET_KEY: { secret: "langfuse-secret-key" },
} as const;

/** A bucket a word: its name, and after `=` the days that its objects live. */
const bucketsOfBlobStore = bucketSpecs
  .filter(([, { targets }]) => !targets?.compose)
  .map(([name, { deleteAfterDays }]) => [name, ...(deleteAfterDays ? [deleteAfterDays] : [])].join("="))
  .join(" ");

const noLangfuse = "Langfuse's server is not here";

/** For the answer when an operator runs the job with another command. */
const answersOperators = { gcp: { TOLLGATE_ANSWERS_BUCKET: { bucket: "answers" } } } as const;

/** Jobs that prepare or maintain the data stores, or that operators run. */
export const jobs = {
  "database-roles": {
    title: "Every role with its password, every database with its owner",
    layer: "llm-observability",
    phase: 1,
    image: "postgres",
    command: [
      "psql",
      "--no-psqlrc",
      "-f",
      { path: "/etc/database-passwords/passwords.psql" },
      "-f",
      { path: "/etc/database-roles/roles.sql" },
    ],
    env: {
      PGHOST: { host: "postgres" },
      PGPORT: { port: "postgres" },
      PGUSER: "postgres",
      PGDATABASE: "postgres",
      PGPASSWORD: { secret: "postgres-admin-password" },
    },
    targetEnv: { gcp: { PGSSLMODE: "verify-ca", PGSSLROOTCERT: DATABASE_CA } },
    configFiles: { "/etc/database-roles": "database-roles" },
    secretFiles: { "/etc/database-passwords/passwords.psql": "database-role-passwords" },
    memoryMiB: 64,
    cpu: 0.25,
    trigger: {
      before: ["agent", "gateway", "langfuse-web", "langfuse-worker", "ledger-exporter", "grafana"],
    },
    dependsOn: ["postgres"],
  },
  "gateway-migrations": {
    title: "The ledger's tables and tiers",
    layer: "gateway",
    phase: 1,
    image: "gateway",
    command: ["python", "-m", "tollgate_guard.migrate"],
    env: {
      TOLLGATE_GUARD_CONFIG: gateway.gateway.env.TOLLGATE_GUARD_CONFIG,
      TOLLGATE_LEDGER_OWNER_URL: { secret: "ledger-owner-url" },
    },
    configFiles: gateway.gateway.configFiles,
    applies: "ledger-migrations",
    memoryMiB: 128,
    cpu: 0.25,
    trigger: { before: ["gateway", "agent", "ledger-exporter", "grafana"] },
    dependsOn: ["postgres", "database-roles"],
  },
  "langfuse-migrations": {
    title: "Langfuse's tables in Postgres and ClickHouse",
    layer: "llm-observability",
    phase: 1,
    image: "langfuse-web",
    // The image's entry point migrates and then runs what it is given. A new machine may take minutes until ClickHouse answers.
    command: [
      "/bin/sh",
      "-euc",
      'until wget -q -O /dev/null "$CLICKHOUSE_URL/ping"; do sleep 5; done; exec ./web/entrypoint.sh true',
    ],
    env: langfuseDatabases,
    memoryMiB: 512,
    cpu: 0.25,
    trigger: { before: ["langfuse-web", "langfuse-worker"] },
    dependsOn: ["postgres", "database-roles", "clickhouse"],
    targets: { local: noLangfuse },
  },
  "ledger-archive": {
    title: "The ledger's old months in the archive",
    layer: "gateway",
    phase: 1,
    image: "gateway",
    command: ["python", "-m", "tollgate_guard.archive"],
    env: {
      TOLLGATE_LEDGER_OWNER_URL: { secret: "ledger-owner-url" },
      TOLLGATE_LEDGER_MONTHS: String(definitions.retention.callMonths),
    },
    targetEnv: {
      gcp: { TOLLGATE_ARCHIVE_GCS_BUCKET: { bucket: "ledger-archive" } },
      compose: {
        TOLLGATE_ARCHIVE_S3_BUCKET: { bucket: "ledger-archive" },
        AWS_ENDPOINT_URL: { url: "blob-store" },
        AWS_DEFAULT_REGION: "us-east-1",
        AWS_ACCESS_KEY_ID: BLOB_STORE_USER,
        AWS_SECRET_ACCESS_KEY: { secret: "blob-store-password" },
      },
      local: { TOLLGATE_ARCHIVE_FOLDER: { path: "/var/lib/ledger-archive" } },
    },
    memoryMiB: 256,
    cpu: 0.25,
    trigger: { every: 24 * HOUR, retryAfter: HOUR },
    dependsOn: ["postgres", "gateway-migrations", "buckets"],
  },
  buckets: {
    title: "The blob store's buckets, and how long their objects live",
    layer: "llm-observability",
    phase: 1,
    image: "minio",
    command: ["/bin/sh", "-eu", { path: "/etc/buckets/make-buckets.sh" }],
    env: {
      BLOB_STORE: [{ host: "blob-store" }, ":", { port: "blob-store" }],
      MINIO_ROOT_USER: BLOB_STORE_USER,
      MINIO_ROOT_PASSWORD: { secret: "blob-store-password" },
      MC_CONFIG_DIR: "/tmp/mc",
      BUCKETS: bucketsOfBlobStore,
    },
    configFiles: { "/etc/buckets": "buckets" },
    memoryMiB: 128,
    cpu: 0.25,
    trigger: { before: ["langfuse-web", "langfuse-worker"] },
    dependsOn: ["blob-store"],
    targets: { gcp: "Cloud Storage's buckets are resources of the stack", local: noLangfuse },
  },
  "clickhouse-retention": {
    title: "Archives old traces and then deletes what is past its time",
    layer: "llm-observability",
    phase: 1,
    image: "clickhouse",
    command: [
      "/bin/sh",
      "-euc",
      'exec clickhouse-client --host "$CLICKHOUSE_HOST" --port "$CLICKHOUSE_PORT" --user "$CLICKHOUSE_USER" --password "$CLICKHOUSE_PASSWORD" --param_archive="$TRACE_ARCHIVE_URL" --param_retention_days="$TRACE_RETENTION_DAYS" --multiquery < /etc/clickhouse-retention/retention.sql',
    ],
    env: {
      CLICKHOUSE_HOST: { host: "clickhouse" },
      CLICKHOUSE_PORT: { port: "clickhouse", extra: "native" },
      CLICKHOUSE_USER: llmObservability.clickhouse.env.CLICKHOUSE_USER,
      CLICKHOUSE_PASSWORD: { secret: "clickhouse-password" },
      TRACE_ARCHIVE_URL: llmObservability.clickhouse.targetEnv.compose.TRACE_ARCHIVE_URL,
      TRACE_RETENTION_DAYS: String(definitions.retention.traces),
    },
    configFiles: { "/etc/clickhouse-retention": "clickhouse-retention" },
    memoryMiB: 256,
    cpu: 0.25,
    // Soon again after a failure, such as while Langfuse has not made its tables.
    trigger: { every: 24 * HOUR, retryAfter: HOUR },
    dependsOn: ["clickhouse", "langfuse-web"],
    targets: { gcp: "a timer of ClickHouse's machine", local: "ClickHouse's server is not here" },
  },
  "events-delivery": {
    title: "Events of the ledger's outbox, to their receivers",
    layer: "gateway",
    phase: 1,
    image: "agent",
    args: [{ program: "events" }, "deliver", "--once"],
    env: {
      TOLLGATE_LEDGER_URL: { secret: "ledger-admin-url" },
      TOLLGATE_EVENTS_RECEIVERS: { secret: "events-receivers" },
    },
    memoryMiB: 128,
    cpu: 0.25,
    // Not more often: Cloud Run bills a minute of each run.
    trigger: { every: 15 * MINUTE, retryAfter: MINUTE },
    dependsOn: ["gateway-migrations"],
  },
  admin: {
    title: "Commands of an operator: customers, queries of the ledger, of Prometheus and of ClickHouse",
    layer: "gateway",
    phase: 1,
    image: "agent",
    args: [{ program: "answer" }],
    env: {
      TOLLGATE_LEDGER_URL: { secret: "ledger-admin-url" },
      TOLLGATE_LEDGER_READER_URL: { secret: "ledger-reader-url" },
      PROMETHEUS_URL: { url: "prometheus" },
      CLICKHOUSE_URL: langfuseDatabases.CLICKHOUSE_URL,
      CLICKHOUSE_USER: langfuseDatabases.CLICKHOUSE_USER,
      CLICKHOUSE_PASSWORD: langfuseDatabases.CLICKHOUSE_PASSWORD,
      ...ofLangfuse,
    },
    targetEnv: answersOperators,
    memoryMiB: 256,
    cpu: 0.25,
    trigger: "manual",
    dependsOn: ["gateway-migrations"],
    targets: {
      compose: "the commands run on the machine itself",
      local: "the commands run on the machine itself",
    },
  },
  "langfuse-setup": {
    title: "Model prices, prompts, evaluators and dashboards of Langfuse",
    layer: "llm-observability",
    phase: 1,
    image: "agent",
    args: [{ program: "langfuse-setup" }],
    env: {
      ...ofLangfuse,
      TOLLGATE_GATEWAY_URL: { url: "gateway" },
      TOLLGATE_JUDGE_KEY: { secret: "judge-key" },
    },
    targetEnv: answersOperators,
    memoryMiB: 256,
    cpu: 0.25,
    trigger: "manual",
    // Langfuse calls the judges' model before it accepts an evaluator.
    dependsOn: ["langfuse-web", "gateway"],
    targets: { local: noLangfuse },
  },
  "langfuse-margins": {
    title: "The ledger's margins in Langfuse's dashboards",
    layer: "llm-observability",
    phase: 1,
    image: "agent",
    args: [{ program: "langfuse-margins" }],
    env: {
      ...ofLangfuse,
      TOLLGATE_LEDGER_URL: { secret: "ledger-reader-url" },
      TOLLGATE_ENVIRONMENT: { setting: "environment" },
    },
    targetEnv: answersOperators,
    memoryMiB: 128,
    cpu: 0.25,
    // Not more often: Cloud Run bills a minute of each run.
    trigger: { every: 15 * MINUTE },
    dependsOn: ["langfuse-web", "gateway-migrations"],
    targets: { local: noLangfuse },
  },
} as const satisfies Record<string, JobSpec>;
