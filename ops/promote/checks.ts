import { execFileSync } from "node:child_process";

/** A promotion that must not be made; the message says why and what to do. */
export class RefusedError extends Error {}

/** Files, relative to the root, that a promotion writes or that follow from what it writes: they may be uncommitted. */
export function writtenFiles(stack: string): string[] {
  return [`Pulumi.${stack}.yaml`, `promotions.${stack}.yaml`, `generated/plan/${stack}.json`];
}

/**
 * The commit that is checked out, when the work tree is just that: what is promoted can be found again.
 *
 * @param written Files that do not count, relative to the root.
 * @throws RefusedError when anything else was changed.
 */
export function cleanCommit(root: string, written: string[]): string {
  const changed = lines(git(root, "status", "--porcelain", "--untracked-files=all"))
    .map((line) => line.slice(3))
    .filter((path) => !written.includes(path));
  if (changed.length > 0) {
    throw new RefusedError(
      `The work tree has ${changed.length} changes (${changed.slice(0, 3).join(", ")}${changed.length > 3 ? ", ..." : ""}): commit or remove them`,
    );
  }
  return git(root, "rev-parse", "HEAD").trim();
}

/**
 * @throws RefusedError when the work tree is not what was promoted: going on would deploy something else.
 */
export function sameTreeAs(commit: string, root: string, written: string[]): void {
  const head = cleanCommit(root, written);
  const changed = lines(git(root, "diff", "--name-only", commit, head)).filter(
    (path) => !written.includes(path),
  );
  if (changed.length > 0) {
    throw new RefusedError(
      `The promotion began at commit ${commit.slice(0, 12)}, and ${changed.length} files changed since (${changed[0]}): check that commit out, or --rollback`,
    );
  }
}

function git(root: string, ...args: string[]): string {
  return execFileSync("git", args, { cwd: root, encoding: "utf8" });
}

function lines(text: string): string[] {
  return text.split("\n").filter(Boolean);
}
