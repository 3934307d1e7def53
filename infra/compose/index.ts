import { stringify } from "yaml";
import { catalogue, isJob, jobs, type ConfigFolder } from "../../catalogue";
import { startAll, unitsOf } from "../../catalogue/target";
import { contentHash } from "../../components/config-files";
import { composeFolder } from "./folders";
import type { ComposeFile } from "./schema";
import { EVERY, WITH_SECRETS } from "./scripts";
import { composeTarget, configVariable } from "./target";

export { composeFolder, RENDERED_FOLDERS } from "./folders";
export { presence } from "./resolve";
export { secretFiles } from "./secrets";
export { profilesOf } from "./target";

/** Where `compose.yaml` looks for its secrets unless `.env` says another place: one file a secret. */
export const SECRETS_FOLDER = "../../.tollgate/compose/secrets";

const HEADER = [
  "Rendered from catalogue by `npm run render`: change the catalogue, not this file.",
  "`npm run compose` makes the secrets and starts it; docs/compose.md says more.",
];

/** The stack as one Compose file. */
export function composeFile(): ComposeFile {
  const containers = startAll(composeTarget);
  // In the catalogue's order: Compose starts them by what they depend on.
  const services = Object.fromEntries(
    [...catalogue, ...jobs].flatMap(({ name }) => {
      const container = containers.get(name);
      return container ? [[name, container]] : [];
    }),
  );
  const used = Object.values(services).flatMap(({ secrets = [] }) => secrets.map(({ source }) => source));
  const volumes = unitsOf(composeTarget).flatMap((unit) => (isJob(unit) ? [] : (unit.volumes ?? [])));
  return {
    name: "tollgate",
    services,
    volumes: Object.fromEntries(volumes.map(({ name }) => [name, {}])),
    secrets: Object.fromEntries(
      [...new Set(used)]
        .sort()
        .map((name) => [name, { file: `\${TOLLGATE_SECRETS:-${SECRETS_FOLDER}}/${name}` }]),
    ),
  };
}

/** `generated/compose/`: the Compose file and the scripts that it mounts. */
export function renderComposeFiles(): Record<string, string> {
  const comment = HEADER.map((line) => `# ${line}\n`).join("");
  return {
    "compose/compose.yaml":
      comment + stringify(composeFile(), { lineWidth: 0, aliasDuplicateObjects: false }),
    "compose/with-secrets.sh": WITH_SECRETS,
    "compose/every.sh": EVERY,
  };
}

/** The folders of `generated/` that Compose mounts. */
export function mountedFolders(): ConfigFolder[] {
  const folders = unitsOf(composeTarget).flatMap(({ configFiles = {} }) => Object.values(configFiles));
  return [...new Set(folders)].sort();
}

/**
 * Everything that a machine needs to run the stack, by path: the Compose file, what it mounts, nothing secret.
 * `compose/compose.yaml` finds the rest by relative paths.
 */
export function composeFiles(): Record<string, string> {
  const mounted = mountedFolders().flatMap((folder) =>
    Object.entries(composeFolder(folder)).map(([path, text]) => [`${folder}/${path}`, text]),
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
