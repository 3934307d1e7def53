import { spawn } from "node:child_process";
import { join } from "node:path";
import { repository } from "./folders.mjs";

/** Runs a TypeScript entry of the project and resolves with its exit code. */
export function runCommand(entry, args) {
  // Google's library looks for a metadata server first, and warns on a machine that has none.
  const node = [
    "--disable-warning=MetadataLookupWarning",
    "--import",
    join(repository, "local/setup/no-serialiser.mjs"),
    ...["--import", "tsx"],
  ];
  const child = spawn(process.execPath, [...node, join(repository, entry), ...args], {
    stdio: "inherit",
    cwd: repository,
  });
  // Ctrl-C reaches the command by itself, a signal sent to this process alone does not; either way it decides when to end.
  process.on("SIGINT", () => undefined);
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 1)));
  });
}
