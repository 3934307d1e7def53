/**
 * `tollgate images pin [--check]`: asks Docker Hub for the digest of every public image of the catalogue and writes
 * `catalogue/images.lock.json`. With `--check` it writes nothing; exit code 3 when a digest differs. Needs no Docker.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publicImages } from "../../catalogue/images";
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
  const answer = await get(`${TOKENS}&scope=repository:${repository}:pull`);
  if (!answer.ok) throw new Error(`${repository}: no token from Docker Hub (${answer.status})`);
  const { token } = (await answer.json()) as { token: string };
  const manifest = await get(`${REGISTRY}/v2/${repository}/manifests/${tag}`, {
    method: "HEAD",
    headers: { accept: MANIFESTS, authorization: `Bearer ${token}` },
  });
  const digest = manifest.headers.get("docker-content-digest");
  if (!manifest.ok || !digest) {
    throw new Error(
      `${repository}:${tag} is not on Docker Hub (${manifest.status}): correct catalogue/images.ts`,
    );
  }
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
