import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Phase } from "../../catalogue";
import { paths, workFolder } from "../workspace/paths";
import { envFile, phaseOf } from "./env-file";
import { composeFiles, configHashes, secretFiles } from "../../infra/compose";
import { completeValues, configuredSecrets, type SecretValues } from "../../catalogue/secret-values";

/** Where this machine's stack keeps what is not rendered. Git ignores it; its secrets are the only way into its volumes. */
export const composeFolder = join(workFolder, "compose");

export interface Prepared {
  phase: Phase;
  composeFile: string;
  envFile: string;
  /** What this phase needs and is not set yet, one line each. */
  missing: string[];
}

/**
 * Writes the Compose file, `.env` and the secrets. Secrets that exist stay.
 *
 * @param wanted The phase; the one before by default, 1 at first.
 * @param environment Where operators' values are read: `ANTHROPIC_API_KEY`, `SLACK_WEBHOOK_URL`, ...
 * @param folders For tests.
 */
export function prepare(
  wanted?: Phase,
  environment: NodeJS.ProcessEnv = process.env,
  folders = { generated: paths.generated, own: composeFolder },
): Prepared {
  const files = composeFiles();
  for (const [path, text] of Object.entries(files)) write(join(folders.generated, path), text);

  const valuesFile = join(folders.own, "secrets.json");
  const values = completeValues(readValues(valuesFile), environment);
  write(valuesFile, JSON.stringify(values, null, 2) + "\n", 0o600);
  const secretsFolder = join(folders.own, "secrets");
  writeSecrets(secretsFolder, secretFiles(values));

  const env = join(folders.own, ".env");
  const earlier = existsSync(env) ? readFileSync(env, "utf8") : "";
  const phase = wanted ?? phaseOf(earlier) ?? 1;
  write(env, envFile({ phase, secretsFolder, hashes: configHashes(files) }, earlier), 0o600);
  return {
    phase,
    composeFile: join(folders.generated, "compose", "compose.yaml"),
    envFile: env,
    missing: configuredSecrets()
      .filter(({ name, phase: from }) => !values[name] && from <= phase)
      .map(({ variable, what }) => `${variable}: ${what}`),
  };
}

function readValues(file: string): SecretValues {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as SecretValues) : {};
}

/**
 * One file a secret. Only the owner may enter the folder; the files in it are readable, because Compose mounts them as they are and
 * most programs in containers run as users that this machine does not know.
 */
function writeSecrets(folder: string, files: Record<string, string>): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    if (existsSync(file) && readFileSync(file, "utf8") === text) continue;
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode: 0o444 });
  }
}

function write(file: string, text: string, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
  chmodSync(file, mode);
}
