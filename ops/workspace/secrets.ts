import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { paths } from "./paths";
import { generatePostgresPasswords, type PostgresPasswords } from "./ledger";

/** The local stack's keys and passwords, made on the first start. They open nothing but this machine's services. */
export interface Secrets {
  postgres: PostgresPasswords;
  redisPassword: string;
  agentKey: string;
  langfuse: { publicKey: string; secretKey: string };
  /** The sample customer's key; added when that customer is. */
  sampleCustomerKey?: string;
}

/** The secrets of `.tollgate/secrets.json`, or `undefined` before the first start. */
export function readSecrets(file: string = paths.secrets): Secrets | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Secrets) : undefined;
}

/** The secrets, made and stored when there are none yet. */
export function ensureSecrets(file: string = paths.secrets): Secrets {
  const existing = readSecrets(file);
  if (existing) return existing;
  const secrets: Secrets = {
    postgres: generatePostgresPasswords(),
    redisPassword: random(),
    agentKey: `sk-${random()}`,
    langfuse: { publicKey: `pk-lf-${random()}`, secretKey: `sk-lf-${random()}` },
  };
  writeSecrets(secrets, file);
  return secrets;
}

/** Stores the secrets where only this user reads them. */
export function writeSecrets(secrets: Secrets, file: string = paths.secrets): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(secrets, null, 2) + "\n", { mode: 0o600 });
}

function random(): string {
  return randomBytes(24).toString("base64url");
}
