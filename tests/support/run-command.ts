import { spawn } from "node:child_process";

/** Runs a command of `ops/` from its sources: how it ended and what it wrote. */
export function runCommand(command: string, args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, ["--import", "tsx", `ops/${command}/main.ts`, ...args], {
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
