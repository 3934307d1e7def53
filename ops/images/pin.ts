/**
 * `tollgate images pin [--check]`: asks Docker Hub for the digest of every public image of the catalogue and writes
 * `catalogue/images.lock.json`. With `--check` it writes nothing; exit code 3 when a digest differs. Needs no Docker.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicImages } from "../../catalogue/images";
import { networkReason } from "../remote/google-api";
import { EXIT, runCommand, tollgateCommand } from "../terminal/command";

const LOCK = join(__dirname, "..", "..", "catalogue", "images.lock.json");
const REGISTRY = "https://registry-1.docker.io";
const TOKENS = "https://auth.docker.io/token?service=registry.docker.io";

/** An index of platforms before a single manifest: the index's digest is what every platform can pull by. */
const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

/**
 * The digest that a tag has now.
 *
 * @throws Error when the registry does not know the tag or does not answer.
 */
export async function digestOf(repository: string, tag: string, get: typeof fetch = fetch): Promise<string> {
  const ask: typeof fetch = (url, init) =>
    get(url, { signal: AbortSignal.timeout(30_000), ...init }).catch((error: unknown) => {
      throw new Error(
        `${repository}:${tag}: Docker Hub does not answer (${networkReason(error)}): check the network`,
        { cause: error },
      );
    });
  const answer = await ask(`${TOKENS}&scope=repository:${repository}:pull`);
  const { token } = ((await answer.json().catch(() => undefined)) ?? {}) as { token?: string };
  if (!answer.ok || !token)
    throw new Error(`${repository}:${tag}: no token from Docker Hub (${answer.status}): try again later`);
  const manifest = await ask(`${REGISTRY}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: MANIFESTS, authorization: `Bearer ${token}` },
  });
  const digest = manifest.headers.get("docker-content-digest");
  if (!manifest.ok || !digest)
    throw new Error(
      manifest.status === 404
        ? `${repository}:${tag} is not on Docker Hub (404): correct catalogue/images.ts`
        : `${repository}:${tag}: no digest from Docker Hub (${manifest.status}): try again later`,
    );
  return digest;
}

async function pin({ check }: { check?: boolean }): Promise<void> {
  const known = JSON.parse(readFileSync(LOCK, "utf8")) as Record<string, string>;
  const lock: Record<string, string> = {};
  for (const { repository, tag } of Object.values(publicImages)) {
    const name = `${repository}:${tag}`;
    lock[name] = await digestOf(repository, tag);
    if (lock[name] !== known[name]) {
      console.log(`${name}\n  ${known[name] ?? "(not pinned)"}\n  ${lock[name]}`);
      if (check) process.exitCode = EXIT.finding;
    }
  }
  const sorted = Object.fromEntries(Object.entries(lock).sort(([a], [b]) => (a < b ? -1 : 1)));
  if (!check) writeFileSync(LOCK, `${JSON.stringify(sorted, null, 2)}\n`);
}

if (require.main === module) {
  runCommand(
    tollgateCommand("images pin", "Write the digest of every public image to catalogue/images.lock.json.")
      .option("--check", "write nothing; exit code 3 when a digest differs")
      .action(pin),
  );
}
