import { imageFacts } from "./images";
import { bindMount } from "./mounts";
import type { ComposeService } from "./schema";

const PATH = "/tollgate/with-secrets.sh";

/**
 * Compose gives secrets as files, and most of these programs read the environment only. This starts a program with each file
 * of `/run/secrets` as the variable of that name: the values stand in no Compose file, no image and no `docker inspect`.
 */
export const WITH_SECRETS = `#!/bin/sh
# Starts a program that reads its secrets from the environment: every file in /run/secrets is a variable of that name.
set -eu
for file in /run/secrets/*; do
  if [ -f "$file" ]; then
    value=$(cat "$file")
    export "\${file##*/}=$value"
  fi
done
exec "$@"
`;

/**
 * What makes a container start with its secrets in the environment.
 *
 * @param secrets The secret's name by the variable's.
 * @param program Entry point and command; the image's own unless told.
 * @param args What follows the image's own entry point in place of its command.
 */
export function withSecrets(
  secrets: Record<string, string>,
  { image, args, program }: { image: string; args?: string[]; program?: string[] },
): Pick<ComposeService, "entrypoint" | "command" | "secrets" | "volumes"> {
  const { entrypoint, command } = imageFacts(image);
  return {
    entrypoint: ["/bin/sh", PATH],
    command: program ?? [...entrypoint, ...(args ?? command ?? [])],
    secrets: Object.entries(secrets).map(([target, source]) => ({ source, target })),
    volumes: [bindMount("./with-secrets.sh", PATH)],
  };
}
