import { join } from "node:path";

/** The project's root folder. */
export const repository = join(__dirname, "..", "..");

/** What the set-up installs; git ignores it. */
const installed = join(repository, ".tollgate");

/** Everything that the stack writes, next to what is installed; deleting it starts afresh. */
export const workFolder = process.env.TOLLGATE_WORK_FOLDER ?? installed;

export const paths = {
  venv: join(installed, "venv"),
  /** The interpreter with LiteLLM and the guard's dependencies. */
  python: join(installed, "venv", "bin", "python"),
  /** Programs unpacked from Debian packages. */
  tools: join(installed, "tools"),
  /** Release archives, unpacked: `npm start -- --full`. */
  servers: join(installed, "servers"),
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
