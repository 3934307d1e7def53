import { createServer } from "node:net";

const COUNT = 100;

/**
 * Where this project's tests listen: below the ephemeral range, so that no outgoing connection takes a port; each of jest's
 * workers in its own range, so that none takes a port that another has just found free.
 */
const FIRST =
  Number(process.env.TOLLGATE_TEST_PORTS ?? 23_000) + (Number(process.env.JEST_WORKER_ID ?? 1) - 1) * COUNT;

let next = process.pid % COUNT;

/** A free port of this machine, another one at each call. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried++) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(
    `No port from ${FIRST} to ${FIRST + COUNT - 1} is free: stop what listens there, or set TOLLGATE_TEST_PORTS`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
