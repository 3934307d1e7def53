import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

const ROOT = join(__dirname, "..", "..");

/** A stack's configuration as the engine hands it to a program: text, structures as JSON. */
export interface StackSettings {
  values: Record<string, string>;
  /** Keys whose value is encrypted and cannot be read here. */
  secretKeys: string[];
}

/** The stacks that have a file, each with its plan under `generated/plan/`. */
export const STACKS: readonly string[] = readdirSync(ROOT)
  .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
  .sort();

/**
 * Reads `Pulumi.<stack>.yaml`.
 *
 * @throws Error when there is no such file.
 */
export function readStackFile(stack: string): StackSettings {
  const file = join(ROOT, `Pulumi.${stack}.yaml`);
  if (!existsSync(file)) throw new Error(`There is no stack "${stack}": Pulumi.${stack}.yaml is missing`);
  const { config = {} } = parse(readFileSync(file, "utf8")) as { config?: Record<string, unknown> };
  return settingsOf(config);
}

/** The settings of a `config:` block. */
export function settingsOf(config: Record<string, unknown>): StackSettings {
  const values: Record<string, string> = {};
  const secretKeys: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const encrypted = typeof value === "object" && value !== null && "secure" in value;
    if (encrypted) secretKeys.push(key);
    values[key] = encrypted ? "encrypted" : typeof value === "string" ? value : JSON.stringify(value);
  }
  return { values, secretKeys };
}
