import { spawn } from "node:child_process";
import { join } from "node:path";

/** How Node runs a command's sources, as `local/setup/run-command.mjs` does. */
export const NODE_ARGS = [
  "--import",
  join(__dirname, "../../local/setup/no-serialiser.mjs"),
  "--import",
  "tsx",
];

/** Runs a command of `ops/` from its sources: how it ended and what it wrote. */
export function runCommand(command: string, args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [...NODE_ARGS, `ops/${command}/main.ts`, ...args], {
    env: { ...process.env, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
