/**
 * The part of LogQL that the dashboards use, for log files: a selector, line filters, `json`, label filters, `line_format` with
 * fields and `if`, and `sum by (label) (rate(... [duration]))`.
 */

/** A line's fields: labels, what Loki finds by itself, and what `json` takes from the line. */
export type Fields = Record<string, string>;

/** Takes a line on, changes it or drops it. */
type Stage = (line: string, fields: Fields) => string | undefined;

export interface LogQuery {
  /** Whether a stream with these labels is asked for. */
  selects: (labels: Fields) => boolean;
  stages: Stage[];
  /** For a metric query: the label it sums by, and the rate's window in seconds. */
  rate?: { by: string; window: number };
}

const METRIC = /^sum by \((\w+)\) \(rate\(([^]+)\[(\d+)s\]\)\)$/;
const STRING = String.raw`"(?:[^"\\]|\\.)*"`;
const MATCHER = new RegExp(String.raw`^\s*(\w+)\s*(=~|!~|!=|=)\s*(${STRING})\s*`);
const SELECTOR = new RegExp(String.raw`^\s*\{((?:[^}"]|${STRING})*)\}`);
const LINE_FILTER = new RegExp(String.raw`^\s*(\|=|\|~|!=|!~)\s*(${STRING})\s*`);
const LINE_FORMAT = new RegExp(String.raw`^line_format\s+(${STRING})\s*`);

/**
 * @throws Error that names what is not understood.
 */
export function parseLogql(text: string): LogQuery {
  const metric = METRIC.exec(text.trim());
  if (metric) {
    const [, by, inner, window] = metric;
    return { ...parseLogql(inner!), rate: { by: by!, window: Number(window) } };
  }
  const selector = SELECTOR.exec(text);
  if (!selector) throw new Error(`LogQL must start with a selector such as {service="agent"}: ${text}`);
  const matchers = matchersOf(selector[1]!);
  return {
    selects: (labels) => matchers.every((matches) => matches(labels)),
    stages: stagesOf(text.slice(selector[0].length)),
  };
}

function matchersOf(text: string): ((fields: Fields) => boolean)[] {
  const matchers: ((fields: Fields) => boolean)[] = [];
  for (let rest = text; rest.trim() !== "";) {
    const match = MATCHER.exec(rest);
    if (!match) throw new Error(`expected a matcher such as service="agent" at: ${rest}`);
    matchers.push(matcher(match));
    rest = rest.slice(match[0].length).replace(/^,/, "");
  }
  return matchers;
}

function matcher([, label, operator, quoted]: RegExpExecArray): (fields: Fields) => boolean {
  const value = JSON.parse(quoted!) as string;
  const pattern = operator!.includes("~") ? regexOf(`^(?:${value})$`) : undefined;
  return (fields) => {
    const actual = fields[label!] ?? "";
    return (pattern ? pattern.test(actual) : actual === value) !== operator!.startsWith("!");
  };
}

function stagesOf(text: string): Stage[] {
  const stages: Stage[] = [];
  let rest = text;
  const take = (pattern: RegExp) => {
    const match = pattern.exec(rest);
    if (match) rest = rest.slice(match[0].length);
    return match;
  };
  while (rest.trim() !== "") {
    const filter = take(LINE_FILTER);
    if (filter) {
      stages.push(lineFilter(filter[1]!, JSON.parse(filter[2]!) as string));
      continue;
    }
    if (!take(/^\s*\|\s*/)) throw new Error(`expected a stage at: ${rest}`);
    if (take(/^json\b\s*/)) stages.push(json);
    else {
      const format = take(LINE_FORMAT);
      const match = format ? undefined : take(MATCHER);
      if (format) stages.push(lineFormat(JSON.parse(format[1]!) as string));
      else if (match) {
        const matches = matcher(match);
        stages.push((line, fields) => (matches(fields) ? line : undefined));
      } else throw new Error(`this stage of LogQL is not known here: ${rest}`);
    }
  }
  return stages;
}

function lineFilter(operator: string, value: string): Stage {
  const pattern = operator.endsWith("~") ? regexOf(value) : undefined;
  return (line) =>
    (pattern ? pattern.test(line) : line.includes(value)) !== operator.startsWith("!") ? line : undefined;
}

/** Objects in a line become fields with joined names, as Loki has it; lists are left out. */
const json: Stage = (line, fields) => {
  try {
    flatten(JSON.parse(line) as object, "", fields);
  } catch {
    fields.__error__ = "JSONParserErr";
  }
  return line;
};

function flatten(value: object, prefix: string, into: Fields): void {
  for (const [key, each] of Object.entries(value)) {
    const name = `${prefix}${key.replace(/\W/g, "_")}`;
    if (Array.isArray(each) || each === null) continue;
    if (typeof each === "object") flatten(each as object, `${name}_`, into);
    else into[name] = String(each);
  }
}

const TEXT = String.raw`((?:(?!\{\{-?\s*(?:if|else|end)\b)[^])*)`;
const IF = new RegExp(
  String.raw`\{\{-?\s*if \.(\w+)\s*-?\}\}${TEXT}(?:\{\{-?\s*else\s*-?\}\}${TEXT})?\{\{-?\s*end\s*-?\}\}`,
  "g",
);
const FIELD = /\{\{\s*(?:\.(\w+)|__line__)\s*\}\}/g;

function lineFormat(template: string): Stage {
  if (template.replace(IF, "$2$3").replace(FIELD, "").includes("{{"))
    throw new Error(`this template is not known here: ${template}`);
  return (line, fields) =>
    template
      .replace(IF, (_, field: string, then: string, otherwise = "") => (fields[field] ? then : otherwise))
      .replace(FIELD, (_, field?: string) => (field ? (fields[field] ?? "") : line));
}

/** Go's expressions as they are used here; only `(?i)` is written apart in JavaScript. */
function regexOf(text: string): RegExp {
  return new RegExp(text.replace("(?i)", ""), text.includes("(?i)") ? "i" : "");
}
