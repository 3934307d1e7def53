import { existsSync } from "node:fs";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import { findTool } from "../processes/debian-tool";
import { isReleased, releaseOf, thisPlatform, type Release, type ServerName } from "./releases";

/** The environment variable that names a server's program, such as `TOLLGATE_LOKI_BIN`. */
export function variableOf(name: string): string {
  return `TOLLGATE_${name.toUpperCase()}_BIN`;
}

/**
 * A server's program: what its variable names, on the PATH, or downloaded where it is one of `SERVERS`; `undefined` when there is
 * none.
 *
 * @throws Error when the variable names a file that does not exist.
 */
export function findServer(name: string): string | undefined {
  const given = process.env[variableOf(name)];
  if (given) {
    if (!existsSync(given))
      throw new Error(`${variableOf(name)} (is "${given}") must name a program that exists`);
    return given;
  }
  return findTool(name) ?? (isReleased(name) ? downloaded(name) : undefined);
}

/** Where a release is unpacked. */
export function folderOf({ name, version }: Pick<Release, "name" | "version">): string {
  return join(paths.servers, `${name}-${version}`);
}

function downloaded(name: ServerName): string | undefined {
  const platform = thisPlatform();
  if (!platform) return undefined;
  const release = releaseOf(name, platform);
  const program = join(folderOf(release), release.program);
  return existsSync(program) ? program : undefined;
}
