import { join } from "node:path";

/** The project's root folder. */
export const repository = join(__dirname, "..");

/** Everything the local target writes; git ignores it, and deleting it starts afresh. */
export const workFolder = join(repository, ".tollgate");

export const paths = {
  venv: join(workFolder, "venv"),
  /** The interpreter with LiteLLM and the guard's dependencies. */
  python: join(workFolder, "venv", "bin", "python"),
  /** Programs unpacked from Debian packages. */
  tools: join(workFolder, "tools"),
  data: join(workFolder, "data"),
  logs: join(workFolder, "logs"),
  traces: join(workFolder, "traces"),
  secrets: join(workFolder, "secrets.json"),
  state: join(workFolder, "state.json"),
  generated: join(repository, "generated"),
  guard: join(repository, "litellm-config", "guard"),
} as const;

/** The log file of a service of the running stack. */
export function logFile(service: string): string {
  return join(paths.logs, `${service}.log`);
}
