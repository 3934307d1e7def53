import { definitions } from "../litellm-config";
import { ports } from "./ports";
import type { ServiceSpec } from "./spec";

/** Langfuse's organisation. */
const ORGANISATION = "tollgate";

/** Langfuse's first user, where no person is named. */
export const LANGFUSE_USER = "operations@tollgate.invalid";

/** MinIO's only user. */
export const BLOB_STORE_USER = "tollgate";

/** Where Langfuse's tables are. */
export const langfuseDatabases = {
  DATABASE_URL: { secret: "langfuse-database-url" },
  CLICKHOUSE_URL: { url: "clickhouse" },
  CLICKHOUSE_MIGRATION_URL: { url: "clickhouse", scheme: "clickhouse", extra: "native" },
  CLICKHOUSE_USER: "langfuse",
  CLICKHOUSE_PASSWORD: { secret: "clickhouse-password" },
  CLICKHOUSE_CLUSTER_ENABLED: "false",
} as const;

/** What Langfuse's web and worker have in common. */
const langfuse = {
  ...langfuseDatabases,
  // The job `langfuse-migrations` alone migrates: the migrations' lock is within one process (langfuse#15344).
  LANGFUSE_AUTO_POSTGRES_MIGRATION_DISABLED: "true",
  LANGFUSE_AUTO_CLICKHOUSE_MIGRATION_DISABLED: "true",
  SALT: { secret: "langfuse-salt" },
  ENCRYPTION_KEY: { secret: "langfuse-encryption-key" },
  REDIS_HOST: { host: "redis" },
  REDIS_PORT: { port: "redis" },
  REDIS_AUTH: { secret: "redis-password" },
  LANGFUSE_S3_EVENT_UPLOAD_BUCKET: { bucket: "langfuse-events" },
  LANGFUSE_S3_MEDIA_UPLOAD_BUCKET: { bucket: "langfuse-media" },
  // Export buttons of its tables: the worker writes the file, web signs its link.
  LANGFUSE_S3_BATCH_EXPORT_ENABLED: "true",
  LANGFUSE_S3_BATCH_EXPORT_BUCKET: { bucket: "langfuse-exports" },
  TELEMETRY_ENABLED: "false",
  // A stack trace is in its event's line: Cloud Logging makes an entry of each line, and they arrive in any order.
  LANGFUSE_LOG_FORMAT: "json",
  // The judges' model is behind the gateway; Langfuse calls only those addresses inside the network that are listed here.
  LANGFUSE_LLM_CONNECTION_WHITELISTED_HOST: { host: "gateway" },
  // Both listen on this name, which Docker sets to the container's: a probe on 127.0.0.1 would fail.
  HOSTNAME: "0.0.0.0",
} as const;

/** On Google Cloud, Redis uses TLS with its own certificate, and blobs go to Cloud Storage without keys. */
const langfuseOnGoogleCloud = {
  REDIS_TLS_ENABLED: "true",
  REDIS_TLS_CA_PATH: "/etc/langfuse-redis/ca.pem",
  // Memorystore's certificate has its address in the common name only, which no client accepts as a name.
  REDIS_TLS_CHECK_SERVER_IDENTITY: "false",
  LANGFUSE_USE_GOOGLE_CLOUD_STORAGE: "true",
} as const;

/**
 * How people sign in on Google Cloud: with their Google account where the stack has an OAuth client, and then in no other way. The
 * first owner is whoever has that address; everybody else of the domains is a member.
 */
const signIn = {
  AUTH_GOOGLE_CLIENT_ID: { setting: "googleClientId" },
  AUTH_GOOGLE_CLIENT_SECRET: { secret: "google-client-secret" },
  AUTH_GOOGLE_ALLOWED_DOMAINS: { setting: "googleDomains" },
  AUTH_GOOGLE_ALLOW_ACCOUNT_LINKING: "true",
  AUTH_DISABLE_USERNAME_PASSWORD: { setting: "withoutPasswords" },
  // It would also keep out whoever signs in for the first time.
  AUTH_DISABLE_SIGNUP: { setting: "withoutSignUp" },
  LANGFUSE_DEFAULT_ORG_ID: ORGANISATION,
  LANGFUSE_DEFAULT_ORG_ROLE: "MEMBER",
  LANGFUSE_INIT_USER_EMAIL: { setting: "langfuseOwner" },
} as const;

/** In Compose blobs go to MinIO; a browser reads media and exports at the address that the machine publishes. */
const langfuseOnCompose = {
  ...s3("LANGFUSE_S3_EVENT_UPLOAD", { url: "blob-store" }),
  ...s3("LANGFUSE_S3_MEDIA_UPLOAD", { publicUrl: "blob-store" }),
  ...s3("LANGFUSE_S3_BATCH_EXPORT", { url: "blob-store" }),
  LANGFUSE_S3_BATCH_EXPORT_EXTERNAL_ENDPOINT: { publicUrl: "blob-store" },
} as const;

function s3<const Endpoint>(prefix: string, endpoint: Endpoint) {
  return {
    [`${prefix}_ENDPOINT`]: endpoint,
    [`${prefix}_REGION`]: "auto",
    [`${prefix}_ACCESS_KEY_ID`]: BLOB_STORE_USER,
    [`${prefix}_SECRET_ACCESS_KEY`]: { secret: "blob-store-password" },
    [`${prefix}_FORCE_PATH_STYLE`]: "true",
  } as const;
}

const redisCertificate = { "/etc/langfuse-redis/ca.pem": "redis-certificate" } as const;

const signsItsOwnUrls = [
  {
    role: "roles/iam.serviceAccountTokenCreator",
    on: "itself",
    why: "signs upload and download links without a key file (signBlob)",
  },
] as const;

export const llmObservability = {
  "langfuse-web": {
    title: "Langfuse web",
    layer: "llm-observability",
    phase: 1,
    image: "langfuse-web",
    port: ports.langfuse,
    substitute: { name: "otlp-sink", title: "OTLP sink (in Langfuse's place)" },
    // Measured on 4.16 under 1,000 traces: 1,003 MB of 2,048. V8's own limit, half of the container's, ends it at 1,024.
    memoryMiB: 2048,
    cpu: 0.5,
    probe: { path: "/api/public/ready", livePath: "/api/public/health", startupSeconds: 180 },
    env: {
      ...langfuse,
      NEXTAUTH_SECRET: { secret: "langfuse-nextauth-secret" },
      NEXTAUTH_URL: { publicUrl: "langfuse-web" },
      // The organisation, project and keys exist from the first start, so the gateway's first traces are kept.
      LANGFUSE_INIT_ORG_ID: ORGANISATION,
      LANGFUSE_INIT_ORG_NAME: "Tollgate",
      LANGFUSE_INIT_PROJECT_ID: "tollgate",
      LANGFUSE_INIT_PROJECT_NAME: "Tollgate",
      LANGFUSE_INIT_PROJECT_PUBLIC_KEY: { secret: "langfuse-public-key" },
      LANGFUSE_INIT_PROJECT_SECRET_KEY: { secret: "langfuse-secret-key" },
      LANGFUSE_INIT_USER_EMAIL: LANGFUSE_USER,
      LANGFUSE_INIT_USER_NAME: "Operations",
      LANGFUSE_INIT_USER_PASSWORD: { secret: "langfuse-admin-password" },
      AUTH_DISABLE_SIGNUP: "true",
      NODE_OPTIONS: "--max-old-space-size=1536",
    },
    targetEnv: {
      gcp: { ...langfuseOnGoogleCloud, ...signIn },
      compose: { ...langfuseOnCompose, PORT: { port: "langfuse-web" } },
    },
    secretFiles: redisCertificate,
    exposedTo: "operators",
    // The gateway and the agent send it traces, which the Identity-Aware Proxy would turn away.
    operatorTwin: { name: "langfuse-console" },
    published: "loopback",
    grants: signsItsOwnUrls,
    dependsOn: ["postgres", "clickhouse", "redis", "blob-store"],
    targets: { local: "Langfuse's server exists only as a container image; an OTLP sink replaces it" },
  },
  "langfuse-worker": {
    title: "Langfuse worker",
    layer: "llm-observability",
    phase: 1,
    image: "langfuse-worker",
    port: ports.langfuseWorker,
    // Measured on 4.16: 429 MB idle, 535 under 1,000 traces. Killed at 256, out of heap at 512.
    memoryMiB: 768,
    cpu: 0.25,
    probe: { path: "/api/health", startupSeconds: 180 },
    env: {
      ...langfuse,
      NODE_OPTIONS: "--max-old-space-size=512",
      // While ClickHouse is down, a record is retried for ten minutes, not 3 s, before it is dropped.
      LANGFUSE_INGESTION_CLICKHOUSE_MAX_ATTEMPTS: "75",
    },
    targetEnv: {
      gcp: langfuseOnGoogleCloud,
      // No browser fetches media through the worker: it reads them in the bucket.
      compose: {
        ...langfuseOnCompose,
        ...s3("LANGFUSE_S3_MEDIA_UPLOAD", { url: "blob-store" }),
        PORT: { port: "langfuse-worker" },
      },
    },
    secretFiles: redisCertificate,
    singleton: true,
    // More than 512 MiB may need half a vCPU.
    share: { group: "workers", cpu: 0.5, memoryMiB: 768 },
    grants: signsItsOwnUrls,
    dependsOn: ["postgres", "clickhouse", "redis", "blob-store"],
    targets: { local: "Langfuse's worker exists only as a container image" },
  },
  postgres: {
    title: "Postgres 16",
    layer: "llm-observability",
    phase: 1,
    image: "postgres",
    port: ports.postgres,
    memoryMiB: 512,
    cpu: 0.5,
    // Over TCP: the server that only initialises the database listens on its socket alone.
    healthCommand: ["pg_isready", "-U", "postgres", "-h", "127.0.0.1"],
    env: {},
    targetEnv: {
      compose: { POSTGRES_PASSWORD: { secret: "postgres-admin-password" }, PGPORT: { port: "postgres" } },
    },
    published: "loopback",
    volumes: [{ name: "postgres", mountPath: "/var/lib/postgresql/data", diskGiB: 10 }],
    dependsOn: [],
    targets: { gcp: "Cloud SQL" },
    managed: "database",
  },
  clickhouse: {
    title: "ClickHouse",
    layer: "llm-observability",
    phase: 1,
    image: "clickhouse",
    port: ports.clickhouse,
    extraPorts: { native: ports.clickhouseNative, metrics: ports.clickhouseMetrics },
    memoryMiB: 1024,
    cpu: 0.5,
    probe: { path: "/ping", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.clickhouseMetrics },
    env: {
      CLICKHOUSE_DB: "default",
      CLICKHOUSE_USER: "langfuse",
      CLICKHOUSE_PASSWORD: { secret: "clickhouse-password" },
      CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT: "0",
      CLICKHOUSE_HTTP_PORT: { port: "clickhouse" },
      CLICKHOUSE_NATIVE_PORT: { port: "clickhouse", extra: "native" },
      CLICKHOUSE_METRICS_PORT: { port: "clickhouse", extra: "metrics" },
      SYSTEM_LOG_TTL: `event_date + INTERVAL ${definitions.retention.logs} DAY DELETE`,
      SPAN_LOG_TTL: `finish_date + INTERVAL ${definitions.retention.logs} DAY DELETE`,
    },
    targetEnv: {
      gcp: { TRACE_ARCHIVE_URL: ["https://storage.googleapis.com/", { bucket: "trace-archive" }, "/"] },
      compose: {
        TRACE_ARCHIVE_URL: { url: "blob-store", path: "/trace-archive/" },
        TRACE_ARCHIVE_ACCESS_KEY_ID: BLOB_STORE_USER,
        TRACE_ARCHIVE_SECRET_ACCESS_KEY: { secret: "blob-store-password" },
      },
    },
    configFiles: { "/etc/clickhouse-server/config.d": "clickhouse" },
    // The image already has files in that folder.
    mountsFileByFile: true,
    volumes: [{ name: "clickhouse", mountPath: "/var/lib/clickhouse", diskGiB: 20 }],
    dependsOn: [],
    targets: {
      gcp: "a VM with its own data disk",
      local: "ClickHouse's server is in no package registry",
    },
    managed: "machine",
  },
  redis: {
    title: "Redis (Langfuse's queue, never evicts)",
    layer: "llm-observability",
    phase: 1,
    image: "redis",
    port: ports.redis,
    memoryMiB: 256,
    cpu: 0.25,
    healthCommand: ["redis-cli", "-p", { port: "redis" }, "ping"],
    env: { REDIS_PASSWORD: { secret: "redis-password" } },
    whenFull: "noeviction",
    volumes: [{ name: "redis", mountPath: "/data", diskGiB: 1 }],
    dependsOn: [],
    targets: { gcp: "Memorystore" },
    managed: "redis",
  },
  cache: {
    title: "LiteLLM's cache and router state",
    layer: "gateway",
    phase: 1,
    image: "redis",
    port: ports.redis,
    memoryMiB: 256,
    cpu: 0.25,
    healthCommand: ["redis-cli", "-p", { port: "cache" }, "ping"],
    env: { REDIS_PASSWORD: { secret: "cache-password" } },
    whenFull: "allkeys-lru",
    dependsOn: [],
    targets: {
      gcp: "Memorystore: its own in prod, Langfuse's in dev",
      compose: "Langfuse's Redis",
      local: "the same Redis",
    },
    managed: "redis",
    standIn: { compose: "redis", local: "redis" },
  },
  "blob-store": {
    title: "Blob store",
    layer: "llm-observability",
    phase: 1,
    image: "minio",
    port: ports.blobStore,
    memoryMiB: 256,
    cpu: 0.1,
    args: ["server", "/data", "--address", [":", { port: "blob-store" }]],
    probe: { path: "/minio/health/live", startupSeconds: 30 },
    env: { MINIO_ROOT_USER: BLOB_STORE_USER, MINIO_ROOT_PASSWORD: { secret: "blob-store-password" } },
    exposedTo: "operators",
    published: "loopback",
    volumes: [{ name: "blobs", mountPath: "/data", diskGiB: 10 }],
    dependsOn: [],
    targets: { gcp: "Cloud Storage", local: "only Langfuse needs it" },
    managed: "buckets",
  },
} as const satisfies Record<string, ServiceSpec>;
