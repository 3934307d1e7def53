import { spawn, spawnSync } from "node:child_process";

/**
 * What keeps Compose from running here, in words that say the remedy; `undefined` when nothing does.
 *
 * @param environment For tests: where programs are looked for.
 */
export function whatIsMissing(environment: NodeJS.ProcessEnv = process.env): string | undefined {
  const run = (...args: string[]) =>
    spawnSync("docker", args, { env: environment, encoding: "utf8", timeout: 20_000 });
  if (run("--version").error) {
    return "Docker is not installed: install Docker Engine 24 or later (https://docs.docker.com/engine/install/)";
  }
  if (run("compose", "version").status !== 0) {
    return "Docker has no Compose plugin: install docker-compose-plugin 2.20 or later (https://docs.docker.com/compose/install/linux/)";
  }
  const info = run("info", "--format", "{{.ServerVersion}}");
  if (info.status !== 0) {
    const said = info.stderr.trim().split("\n").at(-1) ?? "";
    return `Docker's engine does not answer (${said}): start it, and see that your user may use it`;
  }
  return undefined;
}

/** Runs Docker with its output on ours, and returns its exit code. */
export function docker(args: string[]): Promise<number> {
  const child = spawn("docker", args, { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => resolve(code ?? 1));
  });
}
