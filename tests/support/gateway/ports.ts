import { createServer } from "node:net";

/** Where this project's tests listen: below the ephemeral range, so that no outgoing connection takes a port. */
const FIRST = Number(process.env.TOLLGATE_TEST_PORTS ?? 23_000);
const COUNT = 200;

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
