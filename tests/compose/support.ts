import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { paths } from "../../ops/workspace/paths";
import type { ComposeFile, ComposeService } from "../../infra/compose/schema";

/** The committed Compose file, as Compose reads it. */
export function committedComposeFile(): ComposeFile {
  return parse(readFileSync(join(paths.generated, "compose", "compose.yaml"), "utf8")) as ComposeFile;
}

/** Names of every variable that a container's program finds: plain ones, and secrets mounted under the variable's name. */
export function variablesOf({ environment = {}, secrets = [] }: ComposeService): string[] {
  const fromSecrets = secrets.map(({ target }) => target).filter((target) => !target.startsWith("/"));
  return [...Object.keys(environment), ...fromSecrets].sort();
}

/** The HTTP address that a health check asks, or the command itself. */
export function probeOf({ healthcheck }: ComposeService): string | undefined {
  const test = healthcheck?.test.join(" ");
  const url = /http:\/\/127\.0\.0\.1:\d+[\w/.-]*/.exec(test ?? "")?.[0];
  const socket = /\/dev\/tcp\/127\.0\.0\.1\/(\d+) .*GET (\S+) HTTP/.exec(test ?? "");
  return socket ? `http://127.0.0.1:${socket[1]}${socket[2]}` : (url ?? test);
}
