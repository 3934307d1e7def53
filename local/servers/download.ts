import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream } from "node:stream/web";
import { promisify } from "node:util";
import { paths } from "../../ops/workspace/paths";
import { findServer, folderOf, variableOf } from "./find";
import { releaseOf, SERVERS, thisPlatform, type Release } from "./releases";

/** Milliseconds after which a download is abandoned: the largest archive has 250 MB. */
const LIMIT = 600_000;

/**
 * Downloads every server that is not on this machine. One that cannot be had is reported, and the stack runs without it.
 *
 * @param report what happens, for a person who waits
 */
export async function downloadServers(report: (what: string) => void): Promise<void> {
  const platform = thisPlatform();
  for (const name of SERVERS.filter((each) => !findServer(each))) {
    if (!platform) {
      report(`${name}: there is no release for ${process.platform} ${process.arch}`);
      continue;
    }
    const release = releaseOf(name, platform);
    report(`${name} ${release.version}: downloading ${release.url}`);
    await installRelease(release, folderOf(release)).catch((error: Error) =>
      report(
        `${name}: going on without it: ${error.message}. Try again, or put it on the PATH or its path into ${variableOf(name)}`,
      ),
    );
  }
}

/**
 * Downloads a release, checks its sum and unpacks it. An existing folder is complete, because an archive is first unpacked under another name.
 *
 * @returns the program
 * @throws Error with the address and what is wrong; nothing is left behind.
 */
export async function installRelease(release: Release, folder: string): Promise<string> {
  const next = `${folder}.next`;
  const archive = join(next, basename(new URL(release.url).pathname));
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { recursive: true });
  try {
    const expected = release.sha256 ?? (await publishedSum(release));
    const response = await get(release.url);
    await pipeline(Readable.fromWeb(response.body as ReadableStream), createWriteStream(archive)).catch(
      (error: Error) => {
        throw new Error(`${release.url} was not received whole (${error.message})`);
      },
    );
    const actual = await sumOf(archive);
    if (actual !== expected)
      throw new Error(`${release.url} has the SHA-256 ${actual}, but ${expected} was expected`);
    await unpack(archive);
    rmSync(archive);
    const program = join(next, release.program);
    if (!existsSync(program)) throw new Error(`${release.url} does not contain ${release.program}`);
    chmodSync(program, 0o755);
    rmSync(folder, { recursive: true, force: true });
    renameSync(next, folder);
    return join(folder, release.program);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

async function publishedSum({ sums, url }: Release): Promise<string> {
  const archive = basename(new URL(url).pathname);
  const lines = (await (await get(sums)).text()).split("\n").map((line) => line.trim().split(/\s+\*?/));
  const found = lines.find(([, name]) => name === archive) ?? (lines.length <= 2 ? lines[0] : undefined);
  const [sum, name = archive] = found ?? [];
  if (!sum || !/^[0-9a-f]{64}$/.test(sum) || name !== archive)
    throw new Error(`${sums} does not list a SHA-256 for ${archive}`);
  return sum;
}

async function get(url: string): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT) }).catch((error: Error) => {
    const cause = error.cause instanceof Error ? `: ${error.cause.message}` : "";
    throw new Error(`${url} cannot be reached (${error.message}${cause})`);
  });
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  return response;
}

async function sumOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

/** Python is here in any case, and reads zip archives, which tar does not everywhere. */
async function unpack(archive: string): Promise<void> {
  const [command, args] = archive.endsWith(".zip")
    ? [paths.python, ["-m", "zipfile", "-e", archive, dirname(archive)]]
    : ["tar", ["-xzf", archive, "-C", dirname(archive)]];
  await promisify(execFile)(command as string, args as string[]);
}
