import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import { serviceEnvironment } from "./environment";

/**
 * Brings the ledger's schema up to date and writes its tiers.
 *
 * @param ownerUrl the ledger as role `ledger_owner`
 * @param configDir the folder with `guard.json`; the rendered one unless told
 * @throws Error with what the migration said.
 */
export async function migrateLedger(ownerUrl: string, configDir = gatewayConfigDir): Promise<void> {
  const env = serviceEnvironment({
    ...pythonEnvironment(configDir),
    TOLLGATE_LEDGER_OWNER_URL: ownerUrl,
  });
  try {
    await promisify(execFile)(paths.python, ["-m", "tollgate_guard.migrate"], { env, cwd: paths.guard });
  } catch (error) {
    throw new Error(`The ledger's migration failed:\n${(error as { stderr?: string }).stderr ?? error}`, {
      cause: error,
    });
  }
}

/** The rendered configuration of the gateway. */
export const gatewayConfigDir = join(paths.generated, "gateway");

/** What the guard's Python needs: where it is, and which rendered definitions it enforces. */
export function pythonEnvironment(configDir: string): Record<string, string> {
  return {
    PYTHONPATH: paths.guard,
    PYTHONUNBUFFERED: "1",
    TOLLGATE_GUARD_CONFIG: join(configDir, "guard.json"),
  };
}
