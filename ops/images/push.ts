import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN_IMAGES, ownImages, type OwnImageName } from "../../catalogue/images";

export type Digests = Partial<Record<OwnImageName, string>>;

/** Runs a program; its output goes to this terminal. */
export type Run = (command: string, args: string[], folder: string) => Promise<void>;

export interface PushOptions {
  /** The repository's root: the images' build context. */
  root: string;
  /** Where to, such as `europe-west1-docker.pkg.dev/tollgate-admin/tollgate`. */
  registry: string;
  /** The commit that is built. */
  tag: string;
  run?: Run;
}

/**
 * Builds every own image with buildx, pushes it and reads its digest from what buildx wrote about the push.
 *
 * @throws Error when a build or a push fails, or buildx reports no digest.
 */
export async function pushImages({
  root,
  registry,
  tag,
  run = runInTerminal,
}: PushOptions): Promise<Digests> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-images-"));
  try {
    const digests: Digests = {};
    for (const name of OWN_IMAGES) {
      const metadata = join(folder, `${name}.json`);
      const image = ["--file", ownImages[name].dockerfile, "--tag", `${registry}/${name}:${tag}`];
      const to = ["--platform", "linux/amd64", "--provenance=false", "--push", "--metadata-file", metadata];
      await run("docker", ["buildx", "build", ...image, ...to, "."], root);
      digests[name] = digestIn(readFileSync(metadata, "utf8"), name);
    }
    return digests;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function digestIn(metadata: string, name: string): string {
  const digest = (JSON.parse(metadata) as Record<string, unknown>)["containerimage.digest"];
  if (typeof digest !== "string")
    throw new Error(`docker buildx reported no digest of ${name}: update buildx`);
  return digest;
}

const runInTerminal: Run = (command, args, folder) =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error: NodeJS.ErrnoException) =>
      reject(
        error.code === "ENOENT" ? new Error(`There is no \`${command}\` on the PATH: install it`) : error,
      ),
    );
    child.on("close", (code) =>
      code === 0
        ? resolve()
        : reject(new Error(`${command} ${args.slice(0, 2).join(" ")} exited with ${code}`)),
    );
  });
