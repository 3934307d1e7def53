import { startPostgres } from "/work/wt/embed/local/processes";
import { spawnSync } from "node:child_process";
import { completeValues } from "/work/wt/embed/catalogue/secret-values";
import { mkdtempSync, rmSync } from "node:fs";
(async () => {
  const dir = mkdtempSync("/tmp/pyt-");
  const pg = await startPostgres({ port: 29906, dataDir: dir + "/data", logFile: dir + "/pg.log", values: completeValues({}) } as never);
  const r = spawnSync("/work/wt/embed/.tollgate/venv/bin/python", ["-m", "pytest", "-q", "-p", "no:cacheprovider", ...process.argv.slice(2)], { cwd: "/work/wt/embed", stdio: "inherit", env: { ...process.env, PYTHONPATH: "/work/wt/embed/litellm-config/guard", TOLLGATE_TEST_LEDGER_URL: pg.urls.ledger_owner } });
  await pg.stop(); rmSync(dir, { recursive: true, force: true }); process.exit(r.status ?? 1);
})();
