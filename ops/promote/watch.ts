import { setTimeout as sleep } from "node:timers/promises";
import type { Rollout } from "./rollout";

/**
 * Looks every `everyMs` for `forMs`, and stops at the first finding.
 *
 * @param signal Ends the watch; its reason is thrown.
 */
export function watchFor(forMs: number, everyMs: number, signal?: AbortSignal): Rollout["watch"] {
  return async (look) => {
    const end = Date.now() + forMs;
    for (;;) {
      const findings = await look();
      const left = end - Date.now();
      if (findings.length > 0 || left <= 0) return findings;
      await sleep(Math.min(everyMs, left), undefined, { signal }).catch(() => signal!.throwIfAborted());
    }
  };
}
