import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { execFile } from "node:child_process";
import { parse, stringify } from "yaml";
import { paths } from "../../../ops/workspace/paths";
import { findTool } from "../../../local/processes/debian-tool";
import { isFires, type Expected, type Measure, type Suite } from "./suite";

const run = promisify(execFile);

export const generated = (path: string): string => join(paths.generated, path);

export interface Result {
  ok: boolean;
  output: string;
}

/**
 * Runs one of Debian's Prometheus tools to its end.
 *
 * @throws Error when the tool is not there; a command that fails is a result.
 */
export async function tool(name: "promtool" | "amtool", args: string[]): Promise<Result> {
  const program = findTool(name);
  if (!program) throw new Error(`${name} is missing: \`npm test\` unpacks it into ${paths.tools}`);
  try {
    const { stdout, stderr } = await run(program, args, { maxBuffer: 16 * 1024 * 1024 });
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

/** Runs a suite against the rules of a file. */
export async function testRules(suite: Suite, rulesFile: string): Promise<Result> {
  const tests = promtoolTests(suite);
  const folder = temporaryFolder(
    Object.fromEntries([...tests].map(([interval, list]) => testFile(rulesFile, interval, list))),
  );
  try {
    const files = [...tests.keys()].map((interval) => join(folder, fileName(interval)));
    return await tool("promtool", ["test", "rules", ...files]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const fileName = (interval: number): string => `every-${interval}s.yml`;

/** A file of tests as promtool reads it: it evaluates all of a file in one interval. */
function testFile(rulesFile: string, interval: number, tests: object[]): [name: string, text: string] {
  const duration = `${interval}s`;
  return [
    fileName(interval),
    stringify({
      rule_files: [rulesFile],
      evaluation_interval: duration,
      tests: tests.map((test) => ({ interval: duration, ...test })),
    }),
  ];
}

/** The tests of a suite by their interval in seconds. */
function promtoolTests({ group, interval, cases, measures = [] }: Suite): Map<number, object[]> {
  const tests = new Map<number, object[]>();
  const add = (seconds: number, test: object) => tests.set(seconds, [...(tests.get(seconds) ?? []), test]);
  for (const each of measures) add(each.interval, measureTest(each));
  for (const each of cases) add(interval, caseTest(group, interval, each));
  return tests;
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
