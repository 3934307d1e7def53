/**
 * `npm test`: every check and every test; with arguments (`npm test -- tests/unit`) only jest with those arguments.
 *
 * The last line of the output is `N passed, N failed, N skipped`. Exit codes: 0 all passed, 1 something failed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pc } from "../ops/terminal/colours";
import { paths, repository, workFolder } from "../ops/workspace/paths";
import { withTestLedger } from "./test-ledger";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

interface Step {
  title: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  /** Reads how many tests it ran; a step without is one check, which counts only when it fails. */
  counts?: () => Counts;
}

const results = join(workFolder, "test-results");
const jestResults = join(results, "jest.json");
const pytestResults = join(results, "pytest.xml");

const checks: Step[] = [
  { title: "eslint", command: bin("eslint"), args: [".", "--max-warnings", "0"] },
  { title: "prettier", command: bin("prettier"), args: ["--check", "--log-level", "warn", "."] },
  { title: "tsc", command: bin("tsc"), args: ["--noEmit"] },
  { title: "rooms", command: bin("depcruise"), args: ["--config", ".dependency-cruiser.cjs", "."] },
  { title: "knip", command: bin("knip"), args: [] },
  { title: "ruff", command: tool("ruff"), args: ["check", "litellm-config/guard", "tests/guard"] },
  { title: "mypy", command: tool("mypy"), args: [] },
  { title: "rendered files", command: bin("tsx"), args: ["local/render.ts", "--check"] },
];

/** The guard's own tests, on a ledger that is started for them. */
const pytest = (ledgerUrl: string): Step => ({
  title: "pytest",
  command: paths.python,
  args: ["-m", "pytest", "tests", "-q", "-p", "no:cacheprovider", `--junitxml=${pytestResults}`],
  env: { PYTHONPATH: paths.guard, TOLLGATE_TEST_LEDGER_URL: ledgerUrl },
  counts: pytestCounts,
});

const jest = (args: string[]): Step => ({
  title: "jest",
  command: bin("jest"),
  args: ["--json", `--outputFile=${jestResults}`, ...args],
  counts: jestCounts,
});

const HELP = `Usage: tollgate test [jest arguments]

Runs every check and test. With arguments only jest runs, with those arguments: \`npm test -- tests/unit\`.`;

async function main(args: string[]): Promise<void> {
  if (args[0] === "--help") return console.log(HELP);
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const outcomes = args.length > 0 ? [await run(jest(args))] : await runEverything();
  const total = (name: keyof Counts) => outcomes.reduce((sum, { counts }) => sum + counts[name], 0);
  const broken = outcomes.filter(({ ok }) => !ok).map(({ title }) => title);
  if (broken.length > 0) console.log(pc.red(`\nFailed: ${broken.join(", ")}`));
  console.log(`\n${total("passed")} passed, ${total("failed")} failed, ${total("skipped")} skipped`);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

async function runEverything(): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  // In parallel with the checks, because it mostly waits for its database; its output follows theirs.
  const guard = withTestLedger(results, (ownerUrl) => run(pytest(ownerUrl), () => checked));
  const checked = (async () => {
    for (const check of checks) outcomes.push(await run(check));
  })();
  await checked;
  return [...outcomes, ...(await Promise.all([guard, run(jest([]))]))];
}

interface Outcome {
  title: string;
  ok: boolean;
  counts: Counts;
}

/** @param held Resolves when the output may be shown; without, it is shown as it comes. */
async function run(step: Step, held?: () => Promise<void>): Promise<Outcome> {
  const title = pc.bold(`\n${step.title}`);
  if (!held) console.log(title);
  const began = performance.now();
  const { code, output } = await finished(step, held !== undefined);
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  if (held) {
    await held();
    console.log(`${title}\n${output}`);
  }
  const counts = step.counts?.() ?? { passed: 0, failed: 0, skipped: 0 };
  const ok = code === 0;
  // A step that fails without a failed test counts as one, so that the last line never looks better than it is.
  if (!ok) counts.failed = Math.max(1, counts.failed);
  console.log(
    ok ? pc.green(`${step.title}: ok (${seconds})`) : pc.red(`${step.title}: exit code ${code} (${seconds})`),
  );
  return { title: step.title, ok, counts };
}

/** @param collect Whether to return the output instead of passing it on. */
function finished({ command, args, env }: Step, collect: boolean): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: repository,
      stdio: collect ? ["ignore", "pipe", "pipe"] : "inherit",
      env: { ...process.env, ...env },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text: Buffer) => (output += text.toString()));
    child.once("error", (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      resolve({ code: 127, output });
    });
    child.once("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

function jestCounts(): Counts {
  if (!existsSync(jestResults)) return { passed: 0, failed: 0, skipped: 0 };
  const summary = JSON.parse(readFileSync(jestResults, "utf8")) as Record<string, number>;
  return {
    passed: summary.numPassedTests ?? 0,
    failed: (summary.numFailedTests ?? 0) + (summary.numRuntimeErrorTestSuites ?? 0),
    skipped: (summary.numPendingTests ?? 0) + (summary.numTodoTests ?? 0),
  };
}

function pytestCounts(): Counts {
  const xml = existsSync(pytestResults) ? readFileSync(pytestResults, "utf8") : "";
  const count = (name: string) =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  return { passed: count("tests") - failed - count("skipped"), failed, skipped: count("skipped") };
}

/** A program of the virtual environment. */
function tool(name: string): string {
  return join(paths.venv, "bin", name);
}

function bin(name: string): string {
  return join(repository, "node_modules", ".bin", name);
}

main(process.argv.slice(2)).catch((error: Error) => {
  console.error(pc.red(error.message));
  console.log("\n0 passed, 1 failed, 0 skipped");
  process.exitCode = 1;
});
