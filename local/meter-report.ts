/**
 * `tollgate meter report`: the rule of charging as a table. Every way in which an attempt can end, on every wire, plain and
 * streamed, through the real LiteLLM: nano-dollars billed, held and charged, and the metric that moves.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EXIT, runCommand, tollgateCommand } from "../ops/terminal/command";
import { paths, repository } from "../ops/workspace/paths";
import { withTestLedger } from "./test-ledger";

async function report(): Promise<void> {
  console.error("Starting Postgres and LiteLLM; about 200 calls follow ...");
  const folder = mkdtempSync(join(tmpdir(), "tollgate-meter-"));
  try {
    const code = await withTestLedger(folder, (ownerUrl) => printMatrix(ownerUrl));
    if (code !== 0) process.exitCode = EXIT.failed;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function printMatrix(ownerUrl: string): Promise<number> {
  const child = spawn(paths.python, [join(repository, "tests", "guard", "python", "meter_matrix.py")], {
    cwd: repository,
    stdio: "inherit",
    env: { ...process.env, PYTHONPATH: paths.guard, TOLLGATE_TEST_LEDGER_URL: ownerUrl },
  });
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

runCommand(
  tollgateCommand(
    "meter report",
    "Print what each way of ending is billed, held and charged, on every provider's wire.",
  ).action(report),
);
