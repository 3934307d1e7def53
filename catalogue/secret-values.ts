import { randomBytes, randomInt } from "node:crypto";
import { passwordVariables } from "./database-roles";
import { databaseUrl } from "./database-url";
import { roleNames, type RoleName } from "./databases";
import { secretSources, secrets, type SecretName, type SecretSource } from "./secrets";

const LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/** Letters and digits in the password of a database role or a Redis. */
export const PASSWORD_LENGTH = 32;

/**
 * Generated or configured values that every secret is derived from, by the secret's name; `role:<name>` is the password
 * of a database role.
 */
export type SecretValues = Partial<Record<SecretName | `role:${RoleName}`, string>>;

/** How a value is generated: random letters and digits after a prefix, or random bytes as hexadecimal digits. */
export type Recipe = { length: number; prefix?: string } | { bytes: number };

/** How each generated value of `SecretValues` is made. */
export function recipes(): Map<keyof SecretValues, Recipe> {
  const own = secretSources.flatMap(([name, source]): [SecretName, Recipe][] => {
    if ("random" in source) return [[name, source.random]];
    if ("randomHex" in source) return [[name, source.randomHex]];
    if ("superuserPassword" in source) return [[name, source.superuserPassword]];
    // One Redis serves both where nothing else makes its password.
    if ("redisPassword" in source && source.redisPassword === "redis")
      return [[name, { length: PASSWORD_LENGTH }]];
    return [];
  });
  const roles = roleNames.map((role): [`role:${RoleName}`, Recipe] => [
    `role:${role}`,
    { length: PASSWORD_LENGTH },
  ]);
  return new Map<keyof SecretValues, Recipe>([...own, ...roles]);
}

/** The secrets that an operator sets: each with its environment variable and its meaning. */
export function configuredSecrets(): {
  name: SecretName;
  variable: string;
  what: string;
  phase: number;
  unset: string;
}[] {
  return secretSources.flatMap(([name, source]) =>
    "configured" in source
      ? [
          {
            name,
            variable: variableOf(name),
            what: source.what,
            phase: source.phase,
            unset: ("unset" in source && source.unset) || "",
          },
        ]
      : [],
  );
}

function variableOf(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/**
 * Completes the values: known ones stay, missing ones are generated, and an operator's values replace earlier ones.
 *
 * @param known What an earlier run made.
 * @param given Values by environment variable, such as `ANTHROPIC_API_KEY`.
 */
export function completeValues(
  known: SecretValues,
  given: Record<string, string | undefined> = {},
): SecretValues {
  const values: SecretValues = {};
  for (const [name, recipe] of recipes()) values[name] = known[name] ?? draw(recipe);
  for (const { name, variable, unset } of configuredSecrets()) {
    values[name] = given[variable] ?? known[name] ?? unset;
  }
  return values;
}

/**
 * The text of a secret.
 *
 * @param postgres Where the server listens, for a secret that is a URL of it.
 * @returns nothing for a certificate: without TLS there is none to trust.
 * @throws Error when the values are not complete.
 */
export function secretText(
  name: SecretName,
  values: SecretValues,
  postgres: { host: string; port: number },
): string | undefined {
  const source: SecretSource = secrets[name];
  if ("certificateOf" in source) return undefined;
  if ("redisPassword" in source) return valueOf("redis-password", values);
  if ("databasePassword" in source) return valueOf(`role:${source.databasePassword}`, values);
  if ("databaseUrl" in source) {
    const { databaseUrl: role, client } = source;
    return databaseUrl(role, client, { ...postgres, password: valueOf(`role:${role}`, values) });
  }
  if ("rolePasswords" in source) return passwordVariables(rolePasswords(values));
  return valueOf(name, values);
}

/** The password of each database role. */
export function rolePasswords(values: SecretValues): Record<RoleName, string> {
  const passwords = roleNames.map((role) => [role, valueOf(`role:${role}`, values)]);
  return Object.fromEntries(passwords) as Record<RoleName, string>;
}

function valueOf(name: keyof SecretValues, values: SecretValues): string {
  const value = values[name];
  if (value === undefined) throw new Error(`secret "${name}" has no value: complete the values first`);
  return value;
}

function draw(recipe: Recipe): string {
  if ("bytes" in recipe) return randomBytes(recipe.bytes).toString("hex");
  const { length, prefix = "" } = recipe;
  const letters = Array.from({ length }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]);
  return prefix + letters.join("");
}
