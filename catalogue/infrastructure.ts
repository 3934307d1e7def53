import { definitions } from "../litellm-config";
import { DATABASE_CA } from "./database-url";
import { ports } from "./ports";
import { listens } from "./listens";
import { KEPT, type ServiceSpec } from "./spec";

/** The sidecar of a service that scales: it scrapes its instance and pushes to Prometheus. */
export const collector = {
  image: "alloy",
  cpu: 0.1,
  memoryMiB: 128,
  pushesTo: "prometheus",
} as const;

/** The router of an instance that several services share: it forwards each request by the first part of its path. */
export const router = {
  image: "nginx",
  port: ports.router,
  health: "/healthz",
  cpu: 0.08,
  memoryMiB: 64,
} as const;

/** Seconds between two copies of what a service keeps in memory. */
const KEEP_EVERY = 900;

/** Redis has no metrics endpoint: the collector queries it and pushes the results to Prometheus. */
const redisThroughCollector = {
  PROMETHEUS_URL: { url: "prometheus" },
  REDIS_SCHEME: "redis",
  REDIS_HOST: { host: "redis" },
  REDIS_PORT: { port: "redis" },
  REDIS_PASSWORD: { secret: "redis-password" },
} as const;

export const infrastructure = {
  "ledger-exporter": {
    title: "Ledger exporter",
    layer: "infrastructure",
    phase: 2,
    image: "agent",
    args: [{ program: "ledger-exporter" }],
    port: ports.ledgerExporter,
    memoryMiB: 128,
    cpu: 0.1,
    probe: { path: "/healthz", livePath: "/healthz", startupSeconds: 30 },
    metrics: { path: "/metrics", port: ports.ledgerExporter },
    env: {
      TOLLGATE_LEDGER_URL: { secret: "ledger-reader-url" },
      TOLLGATE_ENVIRONMENT: { setting: "environment" },
    },
    targetEnv: listens("ledger-exporter"),
    vital: true,
    singleton: true,
    share: { group: "metrics", cpu: 0.08, memoryMiB: 128 },
    dependsOn: ["postgres"],
  },
  prometheus: {
    title: "Prometheus",
    layer: "infrastructure",
    phase: 2,
    image: "prometheus",
    port: ports.prometheus,
    memoryMiB: 512,
    cpu: 0.25,
    probe: { path: "/-/ready", livePath: "/-/healthy", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.prometheus },
    args: [
      ["--config.file=", { path: "/etc/prometheus/prometheus.yml" }],
      ["--storage.tsdb.path=", { path: "/prometheus" }],
      `--storage.tsdb.retention.time=${definitions.retention.metrics}d`,
      ["--web.listen-address=", { listen: "prometheus" }],
      "--web.enable-remote-write-receiver",
      "--web.enable-lifecycle",
    ],
    withoutDisk: {
      command: [
        "/bin/sh",
        "/etc/prometheus/keep.sh",
        "/prometheus",
        KEPT,
        `http://127.0.0.1:${ports.prometheus}`,
        String(KEEP_EVERY),
        "/bin/prometheus",
      ],
      args: (mebibytes: number) => [
        // The rest is for what it writes before it deletes.
        `--storage.tsdb.retention.size=${Math.floor(mebibytes * 0.75)}MB`,
        // Snapshots are taken through it.
        "--web.enable-admin-api",
        // Keeps the timers of alerts over a replacement; the default is only those longer than ten minutes.
        "--rules.alert.for-grace-period=1m",
      ],
    },
    published: "loopback",
    env: {},
    configFiles: { "/etc/prometheus": "prometheus" },
    singleton: true,
    share: { group: "metrics", cpu: 0.1, memoryMiB: 320 },
    volumes: [{ name: "prometheus", mountPath: "/prometheus", diskGiB: 10, keptIn: "prometheus" }],
    dependsOn: [],
  },
  alertmanager: {
    title: "Alertmanager",
    layer: "infrastructure",
    phase: 4,
    image: "alertmanager",
    port: ports.alertmanager,
    memoryMiB: 128,
    cpu: 0.1,
    probe: { path: "/-/ready", livePath: "/-/healthy", startupSeconds: 30 },
    metrics: { path: "/metrics", port: ports.alertmanager },
    args: [
      ["--config.file=", { path: "/etc/alertmanager/alertmanager.yml" }],
      ["--storage.path=", { path: "/alertmanager" }],
      ["--web.listen-address=", { listen: "alertmanager" }],
      // One instance: no peers to gossip with.
      "--cluster.listen-address=",
    ],
    published: "loopback",
    env: {},
    configFiles: { "/etc/alertmanager": "alertmanager" },
    secretFiles: {
      "/etc/alertmanager-secrets/slack/webhook-url": "slack-webhook-url",
      "/etc/alertmanager-secrets/pagerduty/routing-key": "pagerduty-routing-key",
      "/etc/alertmanager-secrets/smtp/password": "smtp-password",
      "/etc/alertmanager-secrets/heartbeat/url": "heartbeat-url",
    },
    // Silences, and which alerts were notified: some KiB, written every quarter of an hour and at the end.
    volumes: [{ name: "alertmanager", mountPath: "/alertmanager", diskGiB: 1, bucket: "alertmanager" }],
    singleton: true,
    share: { group: "metrics", cpu: 0.08, memoryMiB: 128 },
    dependsOn: [],
  },
  grafana: {
    title: "Grafana",
    layer: "infrastructure",
    phase: 2,
    image: "grafana",
    port: ports.grafana,
    substitute: {
      name: "viewer",
      title: "Dashboard viewer (in Grafana's place)",
      note: "the first visit builds the viewer, which takes about a minute",
    },
    memoryMiB: 256,
    cpu: 0.25,
    probe: { path: "/api/health", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.grafana },
    env: {
      GF_SERVER_HTTP_PORT: { port: "grafana" },
      GF_SERVER_ROOT_URL: { publicUrl: "grafana" },
      GF_USERS_ALLOW_SIGN_UP: "false",
      GF_ANALYTICS_REPORTING_ENABLED: "false",
      // Our files replace `/etc/grafana`, and Grafana does not start without the settings file named on its command line.
      GF_PATHS_CONFIG: "/usr/share/grafana/conf/sample.ini",
      GF_PATHS_PROVISIONING: { path: "/etc/grafana/provisioning" },
      // The provisioned data sources read these.
      PROMETHEUS_URL: { url: "prometheus" },
      ALERTMANAGER_URL: { url: "alertmanager" },
      LOKI_URL: { url: "loki" },
      TEMPO_URL: { url: "tempo" },
      LEDGER_HOST: { host: "postgres" },
      LEDGER_PORT: { port: "postgres" },
      LEDGER_SSL_MODE: "disable",
      LEDGER_SSL_CA: "",
      LEDGER_READER_PASSWORD: { secret: "ledger-reader-password" },
    },
    targetEnv: {
      gcp: {
        // Cloud Run has no disk: what operators change by hand lives in Postgres.
        GF_DATABASE_URL: { secret: "grafana-database-url" },
        GF_DATABASE_SSL_MODE: "verify-ca",
        GF_DATABASE_CA_CERT_PATH: DATABASE_CA,
        LEDGER_SSL_MODE: "verify-ca",
        LEDGER_SSL_CA: DATABASE_CA,
        // Operators come through the Identity-Aware Proxy, which signs who they are and for which service. Nobody has a password.
        GF_AUTH_JWT_ENABLED: "true",
        GF_AUTH_JWT_HEADER_NAME: "X-Goog-IAP-JWT-Assertion",
        GF_AUTH_JWT_JWK_SET_URL: "https://www.gstatic.com/iap/verify/public_key-jwk",
        GF_AUTH_JWT_EXPECT_CLAIMS: [
          '{"iss": "https://cloud.google.com/iap", "aud": "',
          { iapAudience: "grafana" },
          '"}',
        ],
        GF_AUTH_JWT_EMAIL_CLAIM: "email",
        GF_AUTH_JWT_USERNAME_CLAIM: "email",
        GF_AUTH_JWT_AUTO_SIGN_UP: "true",
        GF_AUTH_JWT_ROLE_ATTRIBUTE_PATH: { setting: "grafanaRoles" },
        GF_AUTH_BASIC_ENABLED: "false",
        GF_AUTH_DISABLE_LOGIN_FORM: "true",
        GF_AUTH_DISABLE_SIGNOUT_MENU: "true",
        GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
      },
      compose: { GF_SECURITY_ADMIN_PASSWORD: { secret: "grafana-admin-password" } },
      local: { GF_SECURITY_ADMIN_PASSWORD: { secret: "grafana-admin-password" } },
    },
    configFiles: { "/etc/grafana": "grafana" },
    grants: [
      {
        role: "roles/monitoring.viewer",
        on: "project",
        why: "reads the history in Managed Service for Prometheus",
      },
    ],
    exposedTo: "operators",
    published: "everywhere",
    volumes: [{ name: "grafana", mountPath: "/var/lib/grafana", diskGiB: 1 }],
    dependsOn: ["prometheus", "postgres"],
  },
  loki: {
    title: "Loki",
    layer: "infrastructure",
    phase: 3,
    image: "loki",
    port: ports.loki,
    memoryMiB: 512,
    cpu: 0.25,
    probe: { path: "/ready", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.loki },
    args: [["-config.file=", { path: "/etc/loki/loki.yaml" }], "-config.expand-env=true"],
    env: {},
    targetEnv: { gcp: { LOKI_BUCKET: { bucket: "loki" } } },
    configFiles: { "/etc/loki": "loki" },
    singleton: true,
    // Measured: 232 MB at most.
    share: { group: "logs", cpu: 0.1, memoryMiB: 320 },
    volumes: [{ name: "loki", mountPath: "/loki", diskGiB: 10 }],
    dependsOn: [],
  },
  alloy: {
    title: "Alloy (collects logs and metrics)",
    layer: "infrastructure",
    phase: 3,
    image: "alloy",
    port: ports.alloy,
    // Measured: 144 MB at most.
    memoryMiB: 256,
    cpu: 0.1,
    probe: { path: "/-/ready", livePath: "/-/healthy", startupSeconds: 30 },
    metrics: { path: "/metrics", port: ports.alloy },
    args: [
      "run",
      { path: "/etc/alloy" },
      ["--server.http.listen-addr=", { listen: "alloy" }],
      ["--storage.path=", { path: "/tmp/alloy" }],
    ],
    env: { LOKI_URL: { url: "loki" }, TOLLGATE_ENVIRONMENT: { setting: "environment" } },
    targetEnv: {
      gcp: {
        GOOGLE_CLOUD_PROJECT: { setting: "project" },
        LOG_SUBSCRIPTION: { setting: "logSubscription" },
        SHARING_SERVICES: { setting: "sharingServices" },
        // For its own metrics, where nothing can scrape it.
        PROMETHEUS_URL: { url: "prometheus" },
        SERVICE_NAME: "alloy",
      },
      compose: redisThroughCollector,
      local: redisThroughCollector,
    },
    configFiles: { "/etc/alloy": "alloy" },
    collectsLogs: true,
    singleton: true,
    share: { group: "workers", cpu: 0.08, memoryMiB: 192 },
    grants: [
      {
        role: "roles/pubsub.subscriber",
        on: "log-subscription",
        why: "pulls the log lines that the sink exports",
      },
    ],
    dependsOn: ["loki"],
  },
  "cloud-metrics": {
    title: "Collector of the platform's own metrics and of the history",
    layer: "infrastructure",
    phase: 2,
    image: "alloy",
    port: ports.cloudMetrics,
    memoryMiB: 256,
    cpu: 0.1,
    probe: { path: "/-/ready", livePath: "/-/healthy", startupSeconds: 30 },
    metrics: { path: "/metrics", port: ports.cloudMetrics },
    args: [
      "run",
      "/etc/alloy",
      ["--server.http.listen-addr=", { listen: "cloud-metrics" }],
      "--storage.path=/tmp/alloy",
    ],
    env: {},
    targetEnv: {
      gcp: {
        PROMETHEUS_URL: { url: "prometheus" },
        SERVICE_NAME: "cloud-metrics",
        TOLLGATE_ENVIRONMENT: { setting: "environment" },
        GOOGLE_CLOUD_PROJECT: { setting: "project" },
        GOOGLE_CLOUD_REGION: { setting: "region" },
        // Memorystore speaks TLS.
        REDIS_SCHEME: "rediss",
        REDIS_HOST: { host: "redis" },
        REDIS_PORT: { port: "redis" },
        REDIS_PASSWORD: { secret: "redis-password" },
      },
    },
    configFiles: { "/etc/alloy": "cloud-metrics" },
    singleton: true,
    share: { group: "workers", cpu: 0.08, memoryMiB: 192 },
    grants: [
      {
        role: "roles/monitoring.viewer",
        on: "project",
        why: "reads the metrics of Cloud Run, Cloud SQL and Memorystore",
      },
      {
        role: "roles/telemetry.metricsWriter",
        on: "project",
        why: "writes the history to Managed Service for Prometheus, as Cloud Run has no disk",
      },
      {
        role: "roles/serviceusage.serviceUsageConsumer",
        on: "project",
        why: "names the project whose quota the Telemetry API counts",
      },
    ],
    dependsOn: ["prometheus"],
    targets: {
      compose: "there is no Cloud Run, Cloud SQL or Memorystore to read metrics of",
      local: "there is no Cloud Run, Cloud SQL or Memorystore to read metrics of",
    },
  },
  tempo: {
    title: "Tempo (optional)",
    enabledBy: "tempo",
    layer: "infrastructure",
    phase: 5,
    image: "tempo",
    port: ports.tempo,
    extraPorts: { otlp: ports.otlp },
    memoryMiB: 256,
    cpu: 0.25,
    probe: { path: "/ready", startupSeconds: 60 },
    metrics: { path: "/metrics", port: ports.tempo },
    args: [["-config.file=", { path: "/etc/tempo/tempo.yaml" }], "-config.expand-env=true"],
    env: {},
    targetEnv: { gcp: { TEMPO_BUCKET: { bucket: "tempo" } } },
    configFiles: { "/etc/tempo": "tempo" },
    singleton: true,
    // Measured: 119 MB at most.
    share: { group: "traces", cpu: 0.1, memoryMiB: 256 },
    volumes: [{ name: "tempo", mountPath: "/var/tempo", diskGiB: 10 }],
    dependsOn: [],
  },
} as const satisfies Record<string, ServiceSpec>;
