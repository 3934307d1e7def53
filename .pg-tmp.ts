import { startPostgres } from "/work/wt/meter/local/processes";
import { spawnSync } from "node:child_process";
import { completeValues } from "/work/wt/meter/catalogue/secret-values";
import { mkdtempSync, rmSync } from "node:fs";
(async () => {
  const dir = mkdtempSync("/tmp/pyt-");
  const pg = await startPostgres({ port: 29900, dataDir: dir + "/data", logFile: dir + "/pg.log", values: completeValues({}) } as never);
  const r = spawnSync("/work/wt/meter/.tollgate/venv/bin/python", ["-m", "pytest", "-q", "-p", "no:cacheprovider", ...process.argv.slice(2)], { cwd: "/work/wt/meter", stdio: "inherit", env: { ...process.env, PYTHONPATH: "/work/wt/meter/litellm-config/guard", TOLLGATE_TEST_LEDGER_URL: pg.urls.ledger_owner } });
  await pg.stop(); rmSync(dir, { recursive: true, force: true }); process.exit(r.status ?? 1);
})();
