import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { parse, stringify } from "yaml";
import { paths } from "../../../ops/workspace/paths";
import { findTool } from "../../../local/processes/debian-tool";
import type { RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { partsOf } from "./scope";
import { isFires, type Expected, type Measure, type Suite } from "./suite";

const run = promisify(execFile);

export const generated = (path: string): string => join(paths.generated, path);

/** One processor for each process, which seldom collects its garbage. */
const QUICK_PROMTOOL = { GOGC: "400", GOMAXPROCS: "1" };

export interface Result {
  ok: boolean;
  output: string;
}

/**
 * Runs one of Debian's Prometheus tools to its end.
 *
 * @throws Error when the tool is not there; a command that fails is a result.
 */
export async function tool(
  name: "promtool" | "amtool",
  args: string[],
  env: Record<string, string> = {},
): Promise<Result> {
  const program = findTool(name);
  if (!program) throw new Error(`${name} is missing: \`npm test\` unpacks it into ${paths.tools}`);
  try {
    const { stdout, stderr } = await run(program, args, {
      maxBuffer: 16 * 1024 * 1024,
      env: { ...process.env, ...env },
    });
    return { ok: true, output: stdout + stderr };
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return { ok: false, output: stdout + stderr || String(error) };
  }
}

/** Writes files into a new temporary folder and returns it. */
export function temporaryFolder(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-rules-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** A test as promtool reads it. */
export interface RuleTest {
  /** Seconds between samples and between evaluations. */
  interval: number;
  /** How often it evaluates every rule. */
  evaluations: number;
  test: object;
}

/** Every test of a suite. */
export function ruleTests({ group, interval, cases, measures = [] }: Suite): RuleTest[] {
  return [
    ...measures.map((each) => ({
      interval: each.interval,
      evaluations: each.at + 1,
      test: measureTest(each),
    })),
    ...cases.map((each) => ({
      interval,
      evaluations: Math.max(...timesOf(each).map(toSeconds)) / interval + 1,
      test: caseTest(group, interval, each),
    })),
  ];
}

/** Runs a suite against the rules of a file; promtool evaluates every rule it is given, so each test sees those that it needs. */
export async function testRules(suite: Suite, rulesFile: string): Promise<Result> {
  const { groups } = parse(readFileSync(rulesFile, "utf8")) as { groups: [RuleGroup] };
  const parts = partsOf(groups[0], suite);
  const folder = temporaryFolder(
    Object.fromEntries(parts.map(({ group }, i) => [`${i}.yml`, stringify({ groups: [group] })])),
  );
  try {
    const runs = parts.map((part, i) => ({ tests: ruleTests(part.suite), rules: join(folder, `${i}.yml`) }));
    return await withTestFiles(runs, (files) =>
      tool("promtool", ["test", "rules", ...files.flat()], QUICK_PROMTOOL),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Runs tests against each of the files of rules, all in one process.
 *
 * @returns For each file, whether all tests pass.
 */
export async function testEach(tests: RuleTest[], rulesFiles: string[]): Promise<boolean[]> {
  const runs = rulesFiles.map((rules) => ({ tests, rules }));
  return withTestFiles(runs, async (files) => {
    const passed = await passedOf("Unit Testing:  ", ["test", "rules"], files.flat());
    return files.map((own) => own.every((file) => passed.has(file)));
  });
}

/** Which of the files of rules Prometheus would load. */
export function loadable(rulesFiles: string[]): Promise<Set<string>> {
  return passedOf("Checking ", ["check", "rules"], rulesFiles);
}

/** Which of the files promtool calls a success. */
async function passedOf(says: string, command: string[], files: string[]): Promise<Set<string>> {
  const { output } = await tool("promtool", [...command, ...files], QUICK_PROMTOOL);
  const missing = files.find((file) => !output.includes(`${says}${file}\n`));
  if (missing) throw new Error(`promtool stopped before ${missing}: ${output.slice(-1_000)}`);
  return new Set(files.filter((file) => output.includes(`${says}${file}\n  SUCCESS`)));
}

/** Writes a file of tests for each file of rules and each interval: promtool evaluates all of a file in one interval. */
async function withTestFiles<T>(
  runs: { tests: RuleTest[]; rules: string }[],
  use: (files: string[][]) => Promise<T>,
): Promise<T> {
  const texts = runs.map(({ tests, rules }, i) =>
    [...new Set(tests.map(({ interval }) => interval))].map((seconds): [string, string] => {
      const interval = `${seconds}s`;
      const own = tests.filter((each) => each.interval === seconds);
      return [
        `${i}-every-${interval}.yml`,
        stringify({
          rule_files: [rules],
          evaluation_interval: interval,
          tests: own.map(({ test }) => ({ interval, ...test })),
        }),
      ];
    }),
  );
  const folder = temporaryFolder(Object.fromEntries(texts.flat()));
  try {
    return await use(texts.map((own) => own.map(([name]) => join(folder, name))));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The times at which a case looks. */
function timesOf(each: Suite["cases"][number]): string[] {
  if (!isFires(each)) return [each.quietAt].flat();
  return [
    each.onset,
    ...(each.also ?? []),
    ...(each.ends ? [each.ends] : []),
    ...Object.keys(each.then ?? {}),
  ];
}

const inputSeries = (series: Record<string, string>) =>
  Object.entries(series).map(([name, values]) => ({ series: name, values }));

function measureTest({ rule, shows, interval, series, at, expr, value }: Measure): object {
  return {
    name: `${rule}: ${shows}`,
    input_series: inputSeries(series),
    promql_expr_test: [{ expr, eval_time: `${at * interval}s`, exp_samples: [{ labels: "{}", value }] }],
  };
}

function caseTest(group: string, interval: number, each: Suite["cases"][number]): object {
  const at = (time: string, expected: Expected[]) => ({
    eval_time: time,
    alertname: each.alert,
    exp_alerts: expected.map((alert) => expectation(group, each.alert, alert)),
  });
  return {
    name: `${each.alert}: ${each.shows}`,
    input_series: inputSeries(each.series),
    alert_rule_test: isFires(each)
      ? [
          ...(toSeconds(each.onset) > 0 ? [at(`${toSeconds(each.onset) - interval}s`, [])] : []),
          at(each.onset, each.alerts),
          ...(each.also ?? []).map((time) => at(time, each.alerts)),
          ...(each.ends ? [at(each.ends, [])] : []),
          ...Object.entries(each.then ?? {}).map(([time, alerts]) => at(time, alerts)),
        ]
      : [each.quietAt].flat().map((time) => at(time, [])),
  };
}

function expectation(group: string, alert: string, expected: Expected): object {
  const { severity, service, team, labels, summary, dashboard, annotations } = expected;
  return {
    exp_labels: { severity, service, team, ...labels },
    exp_annotations: {
      summary,
      description: description(group, alert, expected),
      runbook_url: `https://github.com/example/tollgate/blob/main/docs/runbooks/${alert}.md`,
      dashboard_url: `http://localhost:3001/d/${dashboard}`,
      ...annotations,
    },
  };
}

interface RenderedRule {
  alert?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

/** The committed description with its placeholders replaced: a placeholder without a value stays, and the test fails. */
function description(group: string, alert: string, { severity, labels, values = [] }: Expected): string {
  const file = parse(readFileSync(generated(`prometheus/rules/${group}.yml`), "utf8")) as {
    groups: { rules: RenderedRule[] }[];
  };
  const rule = file.groups[0]!.rules.find(
    (each) =>
      each.alert === alert &&
      each.labels?.severity === severity &&
      (!each.labels.window || each.labels.window === labels?.window),
  );
  if (!rule) throw new Error(`there is no ${severity} ${alert} in the group "${group}"`);
  const left = [...values];
  return (rule.annotations?.description ?? "").replace(
    /\{\{.*?\}\}/g,
    (placeholder) => left.shift() ?? placeholder,
  );
}

function toSeconds(duration: string): number {
  const units: Record<string, number> = { s: 1, m: 60, h: 3_600 };
  return [...duration.matchAll(/(\d+)([smh])/g)].reduce(
    (sum, [, digits, unit]) => sum + Number(digits) * units[unit!]!,
    0,
  );
}
