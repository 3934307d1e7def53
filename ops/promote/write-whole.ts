import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** Replaces a file so that it is whole at every moment, also when this process is killed. */
export function writeWhole(path: string, text: string): void {
  // Under what git ignores: what a killed process leaves there does not make the work tree dirty.
  const folder = join(dirname(path), ".tollgate");
  const draft = join(folder, `${basename(path)}.new`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(draft, text);
  renameSync(draft, path);
}
