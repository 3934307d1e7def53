import type { RoleName } from "./databases";
import type { Phase } from "./phase";

/** How the value of a secret comes about; the target makes or asks for it. */
export type SecretSource =
  /** Random letters and digits after a prefix. */
  | { random: { length: number; prefix?: string } }
  /** Random bytes as hexadecimal digits. */
  | { randomHex: { bytes: number } }
  /** `postgresql://role:password@host:port/database` of a role. */
  | { databaseUrl: RoleName }
  /** The password of a role alone, for what cannot take a URL. */
  | { databasePassword: RoleName }
  /** The password of the server's own superuser; where the database is managed, its component makes it. */
  | { superuserPassword: { length: number } }
  /** Every role's password as psql variables. */
  | { rolePasswords: "psql" }
  /** The password of a Redis, by the service's name; and its certificate authority where it has TLS. */
  | { redisPassword: "redis" | "cache" }
  | { redisCertificate: "redis" | "cache" }
  /** Given by the people who run the stack: the key in the stack's configuration, and the phase that needs it. */
  | { configured: string; phase: Phase; what: string };

/** Every secret of the stack by the name that the services use. */
export const secrets = {
  "agent-key": { random: { length: 48, prefix: "tg-agent-" } },
  "anthropic-api-key": {
    configured: "anthropicApiKey",
    phase: 1,
    what: "the key of the Anthropic API that the gateway calls with",
  },
  "ledger-owner-url": { databaseUrl: "ledger_owner" },
  "ledger-guard-url": { databaseUrl: "ledger_guard" },
  "ledger-agent-url": { databaseUrl: "ledger_agent" },
  "ledger-admin-url": { databaseUrl: "ledger_admin" },
  "ledger-reader-url": { databaseUrl: "ledger_reader" },
  "ledger-reader-password": { databasePassword: "ledger_reader" },
  "langfuse-database-url": { databaseUrl: "langfuse" },
  "grafana-database-url": { databaseUrl: "grafana" },
  "langfuse-public-key": { random: { length: 32, prefix: "pk-lf-" } },
  "langfuse-secret-key": { random: { length: 32, prefix: "sk-lf-" } },
  "langfuse-salt": { random: { length: 32 } },
  "langfuse-encryption-key": { randomHex: { bytes: 32 } },
  "langfuse-nextauth-secret": { random: { length: 32 } },
  "langfuse-admin-password": { random: { length: 24 } },
  "postgres-admin-password": { superuserPassword: { length: 32 } },
  "database-role-passwords": { rolePasswords: "psql" },
  "blob-store-password": { random: { length: 32 } },
  "clickhouse-password": { random: { length: 32 } },
  "redis-password": { redisPassword: "redis" },
  "redis-certificate": { redisCertificate: "redis" },
  "cache-password": { redisPassword: "cache" },
  "cache-certificate": { redisCertificate: "cache" },
  "grafana-admin-password": { random: { length: 24 } },
  "slack-webhook-url": {
    configured: "slackWebhookUrl",
    phase: 4,
    what: "the incoming webhook of the Slack channel that alerts go to",
  },
  "pagerduty-routing-key": {
    configured: "pagerdutyRoutingKey",
    phase: 4,
    what: "the integration key of the PagerDuty service that critical alerts go to",
  },
  "smtp-password": {
    configured: "smtpPassword",
    phase: 4,
    what: "the password of the mail account that alerts are sent from",
  },
} as const satisfies Record<string, SecretSource>;

export type SecretName = keyof typeof secrets;

/** Every secret with its source. */
export const secretSources = Object.entries(secrets) as [SecretName, SecretSource][];

export function isSecretName(name: string): name is SecretName {
  return name in secrets;
}
