import { imageFacts } from "./images";
import { bindMount } from "./mounts";
import type { ComposeService } from "./schema";
import type { ImageName } from "../../catalogue";

type Start = Pick<ComposeService, "entrypoint" | "command" | "secrets" | "volumes">;

/**
 * Compose passes secrets as files, but most of these programs read only the environment. This starts a program with each file
 * of `/run/secrets` as the variable of that name, so that the values are in no Compose file, image or `docker inspect`.
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

/** Runs a scheduled job: Compose has no scheduler. */
export const EVERY = `#!/bin/sh
# Runs a program again and again: every.sh SECONDS SECONDS-AFTER-A-FAILURE PROGRAM ARGUMENT...
trap 'exit 0' TERM INT
seconds=$1
retry=$2
shift 2
while :; do
  if "$@"; then pause=$seconds; else pause=$retry; fi
  # A wait ends with the signal; a sleep would finish first.
  sleep "$pause" &
  wait $!
done
`;

/** What a container is started with, and how. */
interface Program {
  image: ImageName;
  /** Entry point and command. Default: the image's. */
  program?: string[];
  /** What follows the image's own entry point in place of its command. */
  args?: string[];
  /** The secret's name by the variable's. */
  secretEnv: Record<string, string>;
  schedule?: { every: number; retryAfter?: number };
}

/** How a container starts: by itself, with its secrets in the environment, again and again. */
export function startOf({ image, program, args, secretEnv, schedule }: Program): Start {
  const hasSecrets = Object.keys(secretEnv).length > 0;
  if (!hasSecrets && !schedule)
    return { ...(program ? { entrypoint: program } : {}), ...(args ? { command: args } : {}) };
  const { entrypoint, command } = imageFacts(image);
  const whole = program ? [...program, ...(args ?? [])] : [...entrypoint, ...(args ?? command ?? [])];
  const { every = 0, retryAfter = every } = schedule ?? {};
  const scripts = [...(hasSecrets ? ["with-secrets.sh"] : []), ...(schedule ? ["every.sh"] : [])];
  const [first, ...others] = [
    ...(hasSecrets ? [["/bin/sh", "/tollgate/with-secrets.sh"]] : []),
    ...(schedule ? [["/bin/sh", "/tollgate/every.sh", String(every), String(retryAfter)]] : []),
    whole,
  ];
  return {
    entrypoint: first,
    command: others.flat(),
    ...(hasSecrets
      ? { secrets: Object.entries(secretEnv).map(([target, source]) => ({ source, target })) }
      : {}),
    volumes: scripts.map((script) => bindMount(`./${script}`, `/tollgate/${script}`)),
  };
}
