import { setTimeout as sleep } from "node:timers/promises";

/**
 * Reads again after each pause until a value is as wanted; the last value where it never is.
 *
 * @param pausesMs milliseconds before each further look.
 */
export async function readUntil<T>(
  read: () => Promise<T>,
  isWanted: (value: T) => boolean,
  pausesMs: readonly number[],
): Promise<T> {
  let value = await read();
  for (const pause of pausesMs) {
    if (isWanted(value)) break;
    await sleep(pause);
    value = await read();
  }
  return value;
}
