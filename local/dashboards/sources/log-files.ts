import { closeSync, fstatSync, openSync, readdirSync, readSync } from "node:fs";
import { join } from "node:path";
import { frameOf, type Frame } from "../frames";
import { interpolateExpr, stepOf, type Range } from "../interpolate";
import type { PanelQuery } from "../panels";
import { parseLogql, type Fields, type LogQuery } from "./logql";

/** As many lines as Grafana asks Loki for. */
const LINES = 1_000;
/** Of each file, from its end. */
const BYTES = 8 * 1024 * 1024;

interface Line {
  /** Milliseconds since 1970. */
  time: number;
  text: string;
  fields: Fields;
}

/**
 * A LogQL query over the services' log files, in the frames that Grafana's Loki data source answers with.
 *
 * @param folder The log files, `<service>.log`.
 */
export function askLogFiles(query: PanelQuery, folder: string, range: Range): Frame[] {
  const asked = parseLogql(interpolateExpr(query.expr!, range));
  const end = range.end ?? Date.now();
  const found = linesOf(asked, folder, end - range.seconds * 1000, end);
  return asked.rate
    ? rates(query.refId, found, asked.rate, { ...range, end })
    : found.length === 0
      ? []
      : [linesFrame(query.refId, found)];
}

function linesOf(asked: LogQuery, folder: string, from: number, to: number): Line[] {
  const services = readdirSync(folder).flatMap((name) => /^([\w-]+)\.log$/.exec(name)?.[1] ?? []);
  return services
    .filter((service) => asked.selects({ service, environment: "local" }))
    .flatMap((service) => read(join(folder, `${service}.log`), service))
    .filter(({ time }) => time >= from && time <= to)
    .flatMap(({ time, text, fields }) => {
      const own = { ...fields };
      let line: string | undefined = text;
      for (const stage of asked.stages) {
        line = stage(line, own);
        if (line === undefined) return [];
      }
      return [{ time, text: line, fields: own }];
    })
    .sort((a, b) => b.time - a.time);
}

function read(file: string, service: string): Line[] {
  let last = 0;
  return tailOf(file).flatMap((text) => {
    if (text.trim() === "") return [];
    // A line without a time belongs to the one above it.
    last = timeOf(text) ?? last;
    const fields = { service, environment: "local", detected_level: levelOf(text) };
    return [{ time: last, text, fields }];
  });
}

function tailOf(path: string): string[] {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, BYTES));
    readSync(file, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes.toString("utf8").split("\n");
    return size > BYTES ? lines.slice(1) : lines;
  } finally {
    closeSync(file);
  }
}

const TIMES = [
  // JSON and logfmt
  /"(?:time|timestamp)":\s*"([^"]+)"|^ts=(\S+)/,
  // Postgres
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+ UTC)/,
  // Redis
  /^\d+:\w (\d+ \w{3} \d{4} \d\d:\d\d:\d\d\.\d+)/,
];

/** Milliseconds since 1970. A time without a zone is UTC. */
function timeOf(line: string): number | undefined {
  for (const pattern of TIMES) {
    const match = pattern.exec(line);
    const text = match?.[1] ?? match?.[2];
    if (text === undefined) continue;
    const time = Date.parse(
      /Z$|UTC$|[+-]\d\d:?\d\d$/.test(text) ? text : `${text}${text.includes("T") ? "Z" : " UTC"}`,
    );
    if (!Number.isNaN(time)) return time;
  }
  return undefined;
}

const LEVELS: [RegExp, string][] = [
  [/^(fatal|panic|critical|alert|emergency|emerg)$/i, "fatal"],
  [/^(error|err)$/i, "error"],
  [/^(warn|warning)$/i, "warn"],
  [/^(info|information|notice|log)$/i, "info"],
  [/^(debug|trace)$/i, "debug"],
];

/** The level that Loki finds: the one a line names, or the first word that is one. */
function levelOf(line: string): string {
  const named = /"(?:level|severity)":\s*"(\w+)"|\blevel=(\w+)/.exec(line);
  const words = named ? [named[1] ?? named[2]!] : (line.slice(0, 200).match(/[A-Za-z]+/g) ?? []);
  for (const word of words) for (const [pattern, level] of LEVELS) if (pattern.test(word)) return level;
  return "unknown";
}

function linesFrame(refId: string, lines: Line[]): Frame {
  const shown = lines.slice(0, LINES);
  const frame = frameOf(refId, [
    [{ name: "timestamp", type: "time" }, shown.map(({ time }) => time)],
    [{ name: "body", type: "string" }, shown.map(({ text }) => text)],
    [{ name: "severity", type: "string" }, shown.map(({ fields }) => fields.detected_level)],
    [{ name: "labels", type: "other" }, shown.map(({ fields }) => fields)],
  ]);
  frame.schema.meta = { type: "log-lines" };
  return frame;
}

function rates(
  refId: string,
  lines: Line[],
  { by, window }: NonNullable<LogQuery["rate"]>,
  range: Range & { end: number },
): Frame[] {
  const step = stepOf(range) * 1000;
  const times = Array.from(
    { length: Math.ceil((range.seconds * 1000) / step) + 1 },
    (_, i) => range.end - i * step,
  );
  times.reverse();
  const values = [...new Set(lines.map(({ fields }) => fields[by] ?? ""))].sort();
  return values.map((value) => {
    const own = lines.filter(({ fields }) => (fields[by] ?? "") === value);
    const counts = times.map(
      (to) => own.filter(({ time }) => time > to - window * 1000 && time <= to).length,
    );
    const points = counts.map((count) => (count === 0 ? null : count / window));
    return frameOf(refId, [
      [{ name: "Time", type: "time" }, times],
      [
        { name: "Value", type: "number", labels: { [by]: value }, config: { displayNameFromDS: value } },
        points,
      ],
    ]);
  });
}
