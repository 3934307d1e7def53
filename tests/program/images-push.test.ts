import { writeFileSync } from "node:fs";
import { pushImages, type Run } from "../../ops/images/push";
import { DIGEST } from "./support/planned";

const options = {
  root: "/repository",
  registry: "europe-west1-docker.pkg.dev/acme-admin/tollgate",
  tag: "abc",
};

/** Docker as buildx answers a push. */
function docker(calls: string[], metadata: object): Run {
  return (command, args, folder) => {
    calls.push(`${folder}$ ${[command, ...args].join(" ")}`);
    writeFileSync(args[args.indexOf("--metadata-file") + 1]!, JSON.stringify(metadata));
    return Promise.resolve();
  };
}

it("builds and pushes each own image from the repository's root, and reads the digests of what was pushed", async () => {
  const calls: string[] = [];
  const run = docker(calls, { "containerimage.digest": DIGEST });
  expect(await pushImages({ ...options, run })).toEqual({ agent: DIGEST, gateway: DIGEST });
  expect(calls).toHaveLength(2);
  for (const [at, name] of ["agent", "gateway"].entries())
    expect(calls[at]).toMatch(
      new RegExp(
        `^/repository\\$ docker buildx build --file infra/images/${name}.Dockerfile --tag ${options.registry}/${name}:abc .*--push .* \\.$`,
      ),
    );
});

it("fails when a digest is not reported, or a build fails", async () => {
  await expect(pushImages({ ...options, run: docker([], {}) })).rejects.toThrow(
    "reported no digest of agent",
  );
  const run: Run = () => Promise.reject(new Error("docker buildx build exited with 1"));
  await expect(pushImages({ ...options, run })).rejects.toThrow("exited with 1");
});
