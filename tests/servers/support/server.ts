import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { httpReady, startProcess, type Running } from "../../../local/processes";
import { findServer, variableOf } from "../../../local/servers/find";

/** The first port of this run's servers. */
export const BASE = Number(process.env.TOLLGATE_TEST_PORTS ?? 26_000);

/** `describe` where the servers are on this machine; elsewhere it says so, and its tests are skipped. */
export function describeWith(...names: string[]): jest.Describe {
  const absent = names.filter((name) => !findServer(name));
  for (const name of absent)
    console.warn(
      `${name} is not on the PATH: its tests are skipped (${variableOf(name)} names it elsewhere)`,
    );
  return absent.length === 0 ? describe : describe.skip;
}

/** A separate folder, and a function that removes it. */
export function temporaryFolder(name: string): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Starts a server with its log in `folder`, and waits until it says that it is ready. */
export function startServer(
  name: string,
  options: { port: number; path: string; folder: string; args: string[]; env?: Record<string, string> },
): Promise<Running> {
  const { port, path, folder, args, env } = options;
  const url = `http://127.0.0.1:${port}`;
  return startProcess({
    name,
    url,
    port,
    command: findServer(name)!,
    args,
    env,
    logFile: join(folder, `${name}.out`),
    ready: httpReady(url + path),
    startupSeconds: 90,
    // What Google Cloud gives a container.
    graceSeconds: 10,
  });
}
