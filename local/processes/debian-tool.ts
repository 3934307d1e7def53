import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { paths } from "../../ops/workspace/paths";

/** A program on the PATH, or unpacked from its Debian package; `undefined` when it is in neither. */
export function findTool(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? "").split(delimiter), join(paths.tools, "usr", "bin")];
  // Debian calls Alertmanager's program `prometheus-alertmanager`.
  const names = [name, `prometheus-${name}`];
  return folders
    .flatMap((folder) => names.map((each) => join(folder, each)))
    .find((path) => existsSync(path));
}

/**
 * Like {@link findTool}, for a program that must be there.
 *
 * @throws Error that names the program and the remedy.
 */
export function requireTool(name: string): string {
  const found = findTool(name);
  if (!found) throw new Error(`${name} is neither on the PATH nor unpacked in ${paths.tools}: install it`);
  return found;
}
