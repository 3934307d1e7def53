import type { Rollout } from "./rollout";

/** Looks every `everyMs` for `forMs`, and stops at the first finding. */
export function watchFor(forMs: number, everyMs: number): Rollout["watch"] {
  return async (look) => {
    const end = Date.now() + forMs;
    for (;;) {
      const findings = await look();
      const left = end - Date.now();
      if (findings.length > 0 || left <= 0) return findings;
      await new Promise((resolve) => setTimeout(resolve, Math.min(everyMs, left)));
    }
  };
}
