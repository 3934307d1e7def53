import { stringify } from "yaml";
import { retentionSql } from "../../components/clickhouse/retention";
import { contentHash } from "../../components/config-files";
import { COMPOSE_ARCHIVE_URL } from "../config-files/clickhouse";
import { databaseRolesSql } from "../../catalogue/database-roles";
import { committedFiles } from "../rendered-folder";
import { definitions } from "../../litellm-config";
import { oneShots } from "./one-shots";
import type { ComposeFile } from "./schema";
import { composeCatalogue, composeService, configVariable } from "./services";
import { WITH_SECRETS } from "./with-secrets";

export { completeValues, configuredSecrets, secretFiles, type SecretValues } from "./secrets";
export { composeCatalogue, profilesOf } from "./services";

/** Where `compose.yaml` looks for its secrets unless `.env` says another place: one file a secret. */
export const SECRETS_FOLDER = "../../.tollgate/compose/secrets";

const HEADER = [
  "Rendered from catalogue by `npm run render`: change the catalogue, not this file.",
  "`npm run compose` makes the secrets and starts it; docs/compose.md says more.",
];

/** The stack as one Compose file. */
export function composeFile(): ComposeFile {
  const services = {
    ...Object.fromEntries(composeCatalogue().map((each) => [each.name, composeService(each)])),
    ...oneShots(),
  };
  const used = Object.values(services).flatMap(({ secrets = [] }) => secrets.map(({ source }) => source));
  const volumes = composeCatalogue().flatMap((each) => (each.volumes ?? []).map(({ name }) => name));
  return {
    name: "tollgate",
    services,
    volumes: Object.fromEntries(volumes.map((name) => [name, {}])),
    secrets: Object.fromEntries(
      [...new Set(used)]
        .sort()
        .map((name) => [name, { file: `\${TOLLGATE_SECRETS:-${SECRETS_FOLDER}}/${name}` }]),
    ),
  };
}

/** `generated/compose/`: the Compose file and what it mounts beside the other rendered folders. */
export function renderComposeFiles(): Record<string, string> {
  const comment = HEADER.map((line) => `# ${line}\n`).join("");
  const { traces: retentionDays } = definitions.retention;
  return {
    "compose/compose.yaml":
      comment + stringify(composeFile(), { lineWidth: 0, aliasDuplicateObjects: false }),
    "compose/with-secrets.sh": WITH_SECRETS,
    "compose/database-roles.sql": databaseRolesSql(),
    "compose/retention.sql": retentionSql({ archiveUrl: COMPOSE_ARCHIVE_URL, retentionDays }),
  };
}

/** The folders of `generated/` that Compose mounts. */
export function mountedFolders(): string[] {
  return [...new Set(composeCatalogue().flatMap((each) => Object.values(each.configFiles ?? {})))].sort();
}

/**
 * Everything that a machine needs to run the stack, by path: the Compose file, what it mounts, nothing secret.
 * `compose/compose.yaml` finds the rest by relative paths.
 */
export function composeFiles(): Record<string, string> {
  const mounted = mountedFolders().flatMap((folder) =>
    Object.entries(committedFiles(folder)).map(([path, text]) => [`${folder}/${path}`, text]),
  );
  return { ...renderComposeFiles(), ...Object.fromEntries(mounted) };
}

/**
 * The variables by which Compose learns that configuration files changed.
 *
 * @param files As `composeFiles()`.
 */
export function configHashes(files: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    mountedFolders().map((folder) => {
      const own = Object.entries(files).filter(([path]) => path.startsWith(`${folder}/`));
      return [configVariable(folder), contentHash(Object.fromEntries(own))];
    }),
  );
}
