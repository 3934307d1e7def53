import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until a check gives something other than `undefined` and `false`, and returns it.
 *
 * @throws Error that names what did not come, after `seconds`.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`${what} did not come within ${seconds} s`);
    await sleep(50);
  }
}
