import { ports } from "../../../catalogue";
import { paths } from "../../../ops/workspace/paths";
import { ensureSecrets, localSecret } from "../../../ops/workspace/secrets";
import { runningStack } from "../../../ops/workspace/state";
import type { Servers } from ".";

/**
 * Where the running stack answers.
 *
 * @throws Error with the remedy when none runs.
 */
export function localServers(): Servers {
  const { portOffset } = runningStack();
  return {
    prometheus: `http://127.0.0.1:${ports.prometheus + portOffset}`,
    ledger: localSecret("ledger-reader-url", ensureSecrets(), ports.postgres + portOffset),
    logs: paths.logs,
  };
}
