import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { SecretName } from "../../catalogue";
import { completeValues, secretText, type SecretValues } from "../../catalogue/secret-values";
import { paths } from "./paths";

/** The local stack's keys and passwords, made on the first start. They open nothing but this machine's services. */
export interface LocalSecrets {
  values: SecretValues;
  /** The sample customer's key; added when that customer is. */
  sampleCustomerKey?: string;
}

/** The secrets of `.tollgate/secrets.json`, or `undefined` before the first start. */
export function readSecrets(file: string = paths.secrets): LocalSecrets | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as LocalSecrets) : undefined;
}

/** The secrets, made and stored when there are none yet. */
export function ensureSecrets(file: string = paths.secrets): LocalSecrets {
  const known = readSecrets(file);
  const secrets = { ...known, values: completeValues(known?.values ?? {}) };
  if (JSON.stringify(secrets) !== JSON.stringify(known)) writeSecrets(secrets, file);
  return secrets;
}

/** Stores the secrets where only this user reads them. */
export function writeSecrets(secrets: LocalSecrets, file: string = paths.secrets): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(secrets, null, 2) + "\n", { mode: 0o600 });
}

/**
 * A secret of the stack on this machine; empty where it is not set.
 *
 * @param postgresPort Where Postgres listens.
 */
export function localSecret(name: SecretName, { values }: LocalSecrets, postgresPort: number): string {
  return secretText(name, values, { host: "127.0.0.1", port: postgresPort }) ?? "";
}
