import { EXIT } from "./command";

/**
 * A signal that Ctrl-C gives, and whoever asks this process to end: the command ends in order and says what it leaves. The second
 * time ends it at once.
 *
 * @param warning What that would leave.
 */
export function interruption(warning?: string): AbortSignal {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (interrupted.signal.aborted) process.exit(EXIT.failed);
      if (warning) console.error(warning);
      interrupted.abort(new Error(`Interrupted by ${name}`));
    });
  return interrupted.signal;
}
