import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseDocument } from "yaml";

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
  return settingsOf(configIn(readFileSync(file, "utf8"), `Pulumi.${stack}.yaml`));
}

/**
 * The `config:` block of a stack's file.
 *
 * @param name The file, for the message.
 * @throws Error with the line when it is not YAML, or has no such block.
 */
export function configIn(text: string, name: string): Record<string, unknown> {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error) {
    const [what = ""] = error.message.split("\n");
    throw new Error(`${name} is not YAML: ${what.replace(/:$/, "")}`);
  }
  const config: unknown = (document.toJS() as { config?: unknown } | null)?.config;
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw new Error(
      `${name} has no \`config:\` with keys below it: take it from git, or \`pulumi config set\` what is missing`,
    );
  return config as Record<string, unknown>;
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
