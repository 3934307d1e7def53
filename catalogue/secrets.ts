import type { DatabaseClient } from "./database-url";
import type { RoleName } from "./databases";
import type { Phase } from "./phase";
import { ports } from "./ports";

/** Where the value of a secret comes from: the target generates it or asks for it. */
export type SecretSource =
  /** Random letters and digits after a prefix. */
  | { random: { length: number; prefix?: string } }
  /** Random bytes as hexadecimal digits. */
  | { randomHex: { bytes: number } }
  /** `postgresql://role:password@host:port/database` of a role, as the client that reads it writes encryption. */
  | { databaseUrl: RoleName; client: DatabaseClient }
  /** The password of a role alone, for what cannot take a URL. */
  | { databasePassword: RoleName }
  /** The superuser's password; where the database is managed, its component makes it. */
  | { superuserPassword: { length: number } }
  /** Every role's password as psql variables. */
  | { rolePasswords: "psql" }
  /** The password of a Redis, by the service's name. */
  | { redisPassword: "redis" | "cache" }
  /** The certificate authority of a data store, PEM, on a target where it speaks TLS. */
  | { certificateOf: "postgres" | "redis" | "cache" }
  /**
   * Set by an operator: the key in the stack's configuration, and the phase that needs it. One with `unset` may be left
   * out.
   */
  | { configured: string; phase: Phase; what: string; form?: SecretForm; unset?: string };

/** The format of a secret's text. */
export type SecretForm = "https" | "list" | "object";

/** Every secret of the stack by the name that the services use. */
export const secrets = {
  "agent-key": { random: { length: 48, prefix: "tg-agent-" } },
  "judge-key": { random: { length: 48, prefix: "tg-judge-" } },
  "agent-keys": {
    configured: "agentKeys",
    phase: 1,
    what: "further keys that the gateway accepts, as a JSON list (docs/keys.md)",
    form: "list",
    unset: "[]",
  },
  "events-receivers": {
    configured: "eventsReceivers",
    phase: 1,
    what: "where events go: a webhook with its signing secret, or a topic, as JSON (docs/operate.md)",
    form: "object",
    unset: "{}",
  },
  "anthropic-api-key": {
    configured: "anthropicApiKey",
    phase: 1,
    what: "the gateway's key of the Anthropic API",
  },
  "google-client-secret": {
    configured: "googleClientSecret",
    phase: 1,
    what: "the secret of the OAuth client that tollgate:signIn names (docs/sign-in.md)",
    unset: "unset",
  },
  "ledger-owner-url": { databaseUrl: "ledger_owner", client: "asyncpg" },
  "ledger-guard-url": { databaseUrl: "ledger_guard", client: "asyncpg" },
  "ledger-agent-url": { databaseUrl: "ledger_agent", client: "pg" },
  "ledger-admin-url": { databaseUrl: "ledger_admin", client: "pg" },
  "ledger-reader-url": { databaseUrl: "ledger_reader", client: "pg" },
  "ledger-reader-password": { databasePassword: "ledger_reader" },
  "langfuse-database-url": { databaseUrl: "langfuse", client: "prisma" },
  "grafana-database-url": { databaseUrl: "grafana", client: "grafana" },
  "langfuse-public-key": { random: { length: 32, prefix: "pk-lf-" } },
  "langfuse-secret-key": { random: { length: 32, prefix: "sk-lf-" } },
  "langfuse-salt": { random: { length: 32 } },
  "langfuse-encryption-key": { randomHex: { bytes: 32 } },
  "langfuse-nextauth-secret": { random: { length: 32 } },
  "langfuse-admin-password": { random: { length: 24 } },
  "postgres-certificate": { certificateOf: "postgres" },
  "postgres-admin-password": { superuserPassword: { length: 32 } },
  "database-role-passwords": { rolePasswords: "psql" },
  "blob-store-password": { random: { length: 32 } },
  "clickhouse-password": { random: { length: 32 } },
  "redis-password": { redisPassword: "redis" },
  "redis-certificate": { certificateOf: "redis" },
  "cache-password": { redisPassword: "cache" },
  "cache-certificate": { certificateOf: "cache" },
  "grafana-admin-password": { random: { length: 24 } },
  "slack-webhook-url": {
    configured: "slackWebhookUrl",
    phase: 4,
    what: "the incoming webhook of the Slack channel for alerts",
    form: "https",
  },
  "pagerduty-routing-key": {
    configured: "pagerdutyRoutingKey",
    phase: 4,
    what: "the integration key of the PagerDuty service that critical alerts go to",
  },
  "smtp-password": {
    configured: "smtpPassword",
    phase: 4,
    what: "the password of the mail account that sends alerts",
  },
  "heartbeat-url": {
    configured: "heartbeatUrl",
    phase: 4,
    what: "the URL of an external dead man's switch, which raises the alarm when pings stop (docs/alerting.md)",
    form: "https",
    // Compose's configuration always has the receiver, so its URL leads to Prometheus, which answers 200.
    unset: `http://prometheus:${ports.prometheus}/api/v1/query?query=1`,
  },
} as const satisfies Record<string, SecretSource>;

export type SecretName = keyof typeof secrets;

/** Every secret with its source. */
export const secretSources = Object.entries(secrets) as [SecretName, SecretSource][];

/** Whether a secret is for reaching Postgres: its reader must trust that server's certificate authority. */
export function leadsToPostgres(name: SecretName): boolean {
  const source: SecretSource = secrets[name];
  return "databaseUrl" in source || "databasePassword" in source || "superuserPassword" in source;
}
