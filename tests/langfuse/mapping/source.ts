/** Langfuse's source at the version that the images have, which is never in this repository. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { publicImages } from "../../../catalogue/images";
import { repository } from "../../../ops/workspace/paths";
import { UsageError } from "../../../ops/terminal/command";

/** Where the command keeps what it downloads and builds; git ignores it. */
export const CACHE = join(repository, ".tollgate", "langfuse");

/** The version of the images. */
export const PINNED = publicImages["langfuse-web"].tag;

export interface Source {
  folder: string;
  /** As its package.json says. */
  version: string;
}

/**
 * The folder that TOLLGATE_LANGFUSE_SOURCE names, or GitHub's archive of the release, downloaded once.
 *
 * @throws UsageError where the folder is not Langfuse's source, or GitHub cannot be reached.
 */
export async function langfuseSource(): Promise<Source> {
  const given = process.env.TOLLGATE_LANGFUSE_SOURCE;
  const folder = given ?? (await downloaded());
  const file = join(folder, "package.json");
  const { name, version } = existsSync(file)
    ? (JSON.parse(readFileSync(file, "utf8")) as { name?: string; version?: string })
    : {};
  if (name !== "langfuse" || !version) {
    throw new UsageError(
      `TOLLGATE_LANGFUSE_SOURCE (is "${given}") must be the root folder of Langfuse's source: it has no package.json named langfuse`,
    );
  }
  return { folder, version };
}

async function downloaded(): Promise<string> {
  const folder = join(CACHE, PINNED);
  if (existsSync(folder)) return folder;
  const url = `https://github.com/langfuse/langfuse/archive/refs/tags/v${PINNED}.tar.gz`;
  mkdirSync(CACHE, { recursive: true });
  const archive = `${folder}.tar.gz`;
  const unpacked = `${folder}.new`;
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    await pipeline(Readable.fromWeb(response.body as never), createWriteStream(archive));
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    const tar = spawnSync("tar", ["-xzf", archive, "-C", unpacked, "--strip-components=1"], {
      encoding: "utf8",
    });
    if (tar.status !== 0) throw new Error(tar.stderr || String(tar.error));
    renameSync(unpacked, folder);
    return folder;
  } catch (error) {
    throw new UsageError(
      `${url} cannot be had (${String((error as Error).cause ?? error)}): set TOLLGATE_LANGFUSE_SOURCE to a folder with Langfuse's source`,
    );
  } finally {
    rmSync(archive, { force: true });
  }
}
