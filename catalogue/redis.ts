import type { Service } from ".";

/** The part of its memory that Redis fills; the rest is for its buffers and the copy that it saves to disk. */
const FILLS = 0.75;

/** The settings of a Redis that is run here, by their names in `redis.conf`, without its address and password. */
export function redisSettings({ memoryMiB, whenFull = "noeviction" }: Service): Record<string, string> {
  return { maxmemory: `${Math.floor(memoryMiB * FILLS)}mb`, "maxmemory-policy": whenFull };
}
