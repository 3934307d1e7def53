import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgresServer } from "../../local/processes/postgres";
import { freePort } from "../support/gateway/ports";

test("data made with another password: the error names the folder and the remedy", async () => {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  const dataDir = join(folder, "data");
  const start = async (password: string) =>
    startPostgresServer({ port: await freePort(), dataDir, password, logFile: join(folder, "postgres.log") });
  try {
    const first = await start("one");
    await first.stop();
    await expect(start("two")).rejects.toThrow(
      `${dataDir} was created with a different password from the stored one: restore .tollgate/secrets.json, or delete ${dataDir}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
