import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { RefusedError } from "./checks";

/**
 * Keeps two promotions of one checkout apart; the annotation on Cloud Run keeps apart those of two.
 *
 * @returns A function that releases it.
 * @throws RefusedError when a process that still runs has it.
 */
export function lockCheckout(path: string): () => void {
  mkdirSync(dirname(path), { recursive: true });
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, String(process.pid), { mode: 0o600 });
  try {
    // A link and not a new file: the lock has its holder's number from the first moment.
    while (!link(mine, path)) removeWhenStale(path, `${mine}.stale`);
  } finally {
    rmSync(mine, { force: true });
  }
  return () => rmSync(path, { force: true });
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeWhenStale(path: string, aside: string): void {
  let holder: string;
  try {
    holder = readFileSync(path, "utf8");
  } catch {
    return;
  }
  if (isRunning(Number(holder))) {
    throw new RefusedError(
      `A promotion runs here already (process ${holder}): wait for it, or stop it. When that process is not a promotion, remove ${path}`,
    );
  }
  renameSync(path, aside);
  // Somebody else may have taken it over in between: then it is theirs.
  if (readFileSync(aside, "utf8") !== holder) link(aside, path);
  rmSync(aside);
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
