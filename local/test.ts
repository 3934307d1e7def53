/**
 * `npm test`: every check and every test; with arguments (`npm test -- tests/unit`) only jest with those arguments.
 *
 * The last line of the output is `N passed, N failed, N skipped`. Exit codes: 0 all passed, 1 something failed.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import pc from "picocolors";
import { paths, repository, workFolder } from "./paths";

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
  { title: "rendered files", command: bin("tsx"), args: ["local/render.ts", "--check"] },
];

const pytest: Step = {
  title: "pytest",
  command: paths.python,
  args: ["-m", "pytest", "tests", "-q", "-p", "no:cacheprovider", `--junitxml=${pytestResults}`],
  env: { PYTHONPATH: paths.guard },
  counts: pytestCounts,
};

const jest = (args: string[]): Step => ({
  title: "jest",
  command: bin("jest"),
  args: ["--json", `--outputFile=${jestResults}`, ...args],
  counts: jestCounts,
});

async function main(args: string[]): Promise<void> {
  rmSync(results, { recursive: true, force: true });
  mkdirSync(results, { recursive: true });
  const steps = args.length > 0 ? [jest(args)] : [...checks, pytest, jest([])];
  const total: Counts = { passed: 0, failed: 0, skipped: 0 };
  const broken: string[] = [];
  for (const step of steps) {
    const { ok, counts } = await run(step);
    total.passed += counts.passed;
    total.skipped += counts.skipped;
    // A step that fails without a failed test counts as one, so that the last line never looks better than it is.
    total.failed += ok ? counts.failed : Math.max(1, counts.failed);
    if (!ok) broken.push(step.title);
  }
  if (broken.length > 0) console.log(pc.red(`\nFailed: ${broken.join(", ")}`));
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

async function run(step: Step): Promise<{ ok: boolean; counts: Counts }> {
  console.log(pc.bold(`\n${step.title}`));
  const began = performance.now();
  const code = await exitCodeOf(step);
  const seconds = `${((performance.now() - began) / 1000).toFixed(1)} s`;
  const counts = step.counts?.() ?? { passed: 0, failed: 0, skipped: 0 };
  const ok = code === 0;
  console.log(
    ok ? pc.green(`${step.title}: ok (${seconds})`) : pc.red(`${step.title}: exit code ${code} (${seconds})`),
  );
  return { ok, counts };
}

function exitCodeOf({ command, args, env }: Step): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: repository,
      stdio: "inherit",
      env: { ...process.env, ...env },
    });
    child.once("error", (error) => {
      console.error(`${command} cannot be run: ${error.message}`);
      resolve(127);
    });
    child.once("exit", (code) => resolve(code ?? 1));
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

function bin(name: string): string {
  return join(repository, "node_modules", ".bin", name);
}

void main(process.argv.slice(2));
