/** Installs clients from the registries, each into its own folder under `.tollgate/clients/`, and runs their programs. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FOLDER = join(__dirname, "..", "..", ".tollgate", "clients");
const TIMEOUT_MS = 120_000;

/** Packages with their versions, as the registry's own client takes them. */
export type Package = { pip: string[] } | { npm: string[] };

/** Installs a client once. @returns where it is, or why it cannot be had. */
export function installClient(
  name: string,
  what: Package,
): { folder: string; bin: string } | { missing: string } {
  const folder = join(FOLDER, name);
  const bin = "pip" in what ? join(folder, "bin") : join(folder, "node_modules", ".bin");
  const specs = "pip" in what ? what.pip : what.npm;
  const marker = join(folder, `.installed-${specs.join(" ").replaceAll("/", "_")}`);
  if (existsSync(marker)) return { folder, bin };
  mkdirSync(folder, { recursive: true });
  const steps: string[][] =
    "pip" in what
      ? [
          ["python3", "-m", "venv", folder],
          [join(bin, "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", ...specs],
        ]
      : [["npm", "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", ...specs]];
  for (const [command, ...args] of steps) {
    const run = spawnSync(command!, args, { encoding: "utf8" });
    if (run.status !== 0) return { missing: (run.stderr || String(run.error)).trim().split("\n").at(-1)! };
  }
  writeFileSync(marker, "");
  return { folder, bin };
}

/** Runs a program to its end, and never longer than two minutes. */
export function runProgram(
  [command = "", ...args]: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1", ...environment },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (part: Buffer) => (output += part.toString()));
    }
    const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
    const end = (code: number | null) => {
      clearTimeout(timer);
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output += String(error);
      end(1);
    });
    child.once("close", end);
  });
}
