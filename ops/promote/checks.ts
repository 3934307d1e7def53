import { execFileSync } from "node:child_process";

/** A promotion that must not be made; the message says why and what to do. */
export class RefusedError extends Error {}

/**
 * The commit that is checked out, when the work tree is just that: what is promoted can be found again.
 *
 * @param written Files that a promotion writes itself, relative to the root.
 * @throws RefusedError when anything else was changed.
 */
export function cleanCommit(root: string, written: string[]): string {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" });
  const changed = git("status", "--porcelain", "--untracked-files=all")
    .split("\n")
    .filter(Boolean)
    .map((line) => line.slice(3))
    .filter((path) => !written.includes(path));
  if (changed.length > 0) {
    throw new RefusedError(
      `The work tree has ${changed.length} changes (${changed.slice(0, 3).join(", ")}${changed.length > 3 ? ", ..." : ""}): commit or remove them`,
    );
  }
  return git("rev-parse", "HEAD").trim();
}
