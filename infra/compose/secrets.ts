import { randomBytes, randomInt } from "node:crypto";
import { databaseRoles, databaseUrl, secrets, type SecretSource } from "../../catalogue";
import { passwordVariables } from "../../catalogue/database-roles";

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const PASSWORD_LENGTH = 32;

/** Values that are made or given once and that every secret follows from; `role:<name>` is the password of a database role. */
export type SecretValues = Record<string, string>;

/** What people have to give, by the secret's name: the environment variable that it is read from, and what it is. */
export function configuredSecrets(): Record<string, { variable: string; what: string; phase: number }> {
  return Object.fromEntries(
    Object.entries(secrets).flatMap(([name, source]) =>
      "configured" in source
        ? [[name, { variable: variableOf(name), what: source.what, phase: source.phase }]]
        : [],
    ),
  );
}

function variableOf(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/**
 * Completes the values: what is there stays, what is missing is drawn, and what people give replaces what they gave before.
 *
 * @param known What an earlier run made.
 * @param given Values by environment variable, as `ANTHROPIC_API_KEY`.
 */
export function completeValues(known: SecretValues, given: Record<string, string | undefined>): SecretValues {
  const values: SecretValues = {};
  for (const [name, source] of Object.entries(secrets)) {
    if ("random" in source || "randomHex" in source) values[name] = known[name] ?? draw(source);
    if ("configured" in source) values[name] = given[variableOf(name)] ?? known[name] ?? "";
  }
  values["redis-password"] = known["redis-password"] ?? draw({ random: { length: PASSWORD_LENGTH } });
  for (const { name } of databaseRoles)
    values[`role:${name}`] = known[`role:${name}`] ?? draw({ random: { length: PASSWORD_LENGTH } });
  return values;
}

/** The text of every secret that Compose mounts, by the secret's name. */
export function secretFiles(values: SecretValues): Record<string, string> {
  const files = Object.fromEntries(
    Object.entries(secrets).flatMap(([name, source]) =>
      "certificateOf" in source ? [] : [[name, textOf(name, source, values)]],
    ),
  );
  const roles = databaseRoles.map(({ name }) => [name, valueOf(`role:${name}`, values)]);
  return { ...files, "database-role-passwords": passwordVariables(Object.fromEntries(roles)) };
}

function textOf(name: string, source: SecretSource, values: SecretValues): string {
  if ("databaseUrl" in source) {
    const password = valueOf(`role:${source.databaseUrl}`, values);
    return databaseUrl(source.databaseUrl, source.client, { host: "postgres", password });
  }
  if ("databasePassword" in source) return valueOf(`role:${source.databasePassword}`, values);
  // One Redis serves both.
  if ("redisPassword" in source) return valueOf("redis-password", values);
  return valueOf(name, values);
}

function valueOf(name: string, values: SecretValues): string {
  const value = values[name];
  if (value === undefined) throw new Error(`secret "${name}" has no value: complete the values first`);
  return value;
}

function draw(source: Extract<SecretSource, { random: unknown } | { randomHex: unknown }>): string {
  if ("randomHex" in source) return randomBytes(source.randomHex.bytes).toString("hex");
  const { length, prefix = "" } = source.random;
  const letters = Array.from({ length }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]);
  return prefix + letters.join("");
}
