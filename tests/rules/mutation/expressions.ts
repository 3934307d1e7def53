import type { SyntaxNode } from "@lezer/common";
import { parser } from "@prometheus-io/lezer-promql";

/** One small wrong change of a rule. */
export interface Change {
  /** The kind of mistake that it represents. */
  kind: string;
  /** What was changed into what. */
  what: string;
}

export interface ChangedExpression extends Change {
  expr: string;
}

const COMPARISONS: Record<string, string[]> = {
  ">": [">=", "<"],
  ">=": [">", "<"],
  "<": ["<=", ">"],
  "==": ["!="],
};
const SETS: Record<string, string[]> = { and: ["or", "unless"], or: ["and"], unless: ["and", "or"] };
const ARITHMETIC: Record<string, string[]> = { "*": ["/"], "/": ["*"], "-": ["+"], "+": ["-"] };
const MATCHES: Record<string, string> = { "=": "!=", "!=": "=", "=~": "!~", "!~": "=~" };
const AGGREGATIONS: Record<string, string[]> = { sum: ["max"], max: ["sum", "min"] };
const FUNCTIONS: Record<string, string> = {
  increase: "rate",
  rate: "increase",
  last_over_time: "absent_over_time",
  avg_over_time: "max_over_time",
  abs: "-",
};

/** Every expression that one change makes of this one. */
export function changedExpressions(expr: string): ChangedExpression[] {
  const changes: ChangedExpression[] = [];
  const replace = (kind: string, from: number, to: number, texts: string[]) => {
    for (const text of texts) {
      const changed = expr.slice(0, from) + text + expr.slice(to);
      changes.push({
        kind,
        what: `${expr.slice(from, to)} -> ${text || "nothing"} at ${from}`,
        expr: changed,
      });
    }
  };
  parser.parse(expr).iterate({
    enter({ name, from, to, node }) {
      const text = expr.slice(from, to);
      switch (name) {
        case "NumberDurationLiteral":
          replace("threshold", from, to, Number(text) === 0 ? ["1"] : [scaled(text, 0.9), scaled(text, 1.1)]);
          break;
        case "NumberDurationLiteralInDurationContext":
          replace("window", from, to, [`${scaled(text, 2)}`, `${scaled(text, 0.5)}`]);
          break;
        case "Gtr":
        case "Gte":
        case "Lss":
        case "Eql":
          replace("comparison", from, to, COMPARISONS[text] ?? []);
          break;
        case "And":
        case "Or":
        case "Unless":
          replace("set operator", from, to, SETS[text] ?? []);
          break;
        case "Mul":
        case "Div":
        case "Sub":
        case "Add":
          replace("arithmetic", from, to, ARITHMETIC[text] ?? []);
          break;
        case "MatchOp":
          replace("selector", from, to, [MATCHES[text]!]);
          break;
        case "UnquotedLabelMatcher": {
          const comma = expr[to] === "," ? 1 : 0;
          replace("selector", from, to + comma, [""]);
          break;
        }
        case "AggregateOp":
          replace("aggregation", from, to, AGGREGATIONS[text] ?? []);
          break;
        case "LabelName":
          if (node.parent?.name === "GroupingLabels") {
            const comma = expr[to] === "," ? 1 : 0;
            replace("aggregation label", from, to + comma, [""]);
          }
          break;
        case "FunctionIdentifier":
          // A quantile does not change with the scale of its buckets: rate and increase are the same there.
          if (FUNCTIONS[text] && !isWithin(node, "histogram_quantile"))
            replace("function", from, to, [FUNCTIONS[text]]);
          break;
      }
    },
  });
  return changes;
}

function isWithin(node: SyntaxNode, name: string): boolean {
  for (let at = node.parent; at; at = at.parent) {
    if (at.name === "FunctionCall" && at.getChild("FunctionIdentifier")?.firstChild?.name === pascal(name))
      return true;
  }
  return false;
}

/** The parser's name of a function: `HistogramQuantile`. */
function pascal(name: string): string {
  return name.replace(/(^|_)(.)/g, (_, __, letter: string) => letter.toUpperCase());
}

/** A number, or a duration, times a factor: a duration in whole seconds. */
export function scaled(text: string, factor: number): string {
  const duration = /^(\d+)([smhd])$/.exec(text);
  if (!duration) return String(Number((Number(text) * factor).toPrecision(12)));
  const unit = { s: 1, m: 60, h: 3_600, d: 86_400 }[duration[2] as "s" | "m" | "h" | "d"];
  return `${Math.round(Number(duration[1]) * unit * factor)}s`;
}
