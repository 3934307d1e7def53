import type { Rule, RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { isFires, type Suite } from "../support/suite";

/** The part of a group and of its suite that a change of one rule can reach. */
export interface Scope {
  group: RuleGroup;
  /** The measures and cases that the change can reach, the quickest first; cases that span hours cost most. */
  suites: Suite[];
}

const LONG_MINUTES = 120;

/** What must be run to judge a change of `rule`: what is measured of it, the alerts that rest on it, and what these read. */
export function scopeOf(rule: string, group: RuleGroup, suite: Suite): Scope {
  const measured = new Set(suite.measures?.map((each) => each.rule));
  const names = new Set(
    group.rules
      .filter((each) => (each.alert || measured.has(each.record!)) && readsOrIs(each, rule, group.rules))
      .map(nameOf),
  );
  // Rules of one name are tested together, so what any of them reads is needed.
  const tested = group.rules.filter((each) => names.has(nameOf(each)));
  const kept = group.rules.filter(
    (each) =>
      tested.includes(each) ||
      (each.record && tested.some((reader) => readsOrIs(reader, each.record!, group.rules))),
  );
  const measures = suite.measures?.filter((each) => names.has(each.rule)) ?? [];
  const cases = suite.cases.filter(({ alert }) => names.has(alert));
  const isLong = (each: Suite["cases"][number]) =>
    (isFires(each) ? [each.onset] : [each.quietAt].flat()).some((time) => parseInt(time) > LONG_MINUTES);
  const parts: Suite[] = [
    { ...suite, cases: [], measures: measures.filter((each) => each.rule === rule) },
    { ...suite, cases: cases.filter((each) => !isLong(each)), measures: [] },
    { ...suite, cases: [], measures: measures.filter((each) => each.rule !== rule) },
    { ...suite, cases: cases.filter(isLong), measures: [] },
  ];
  return {
    group: { ...group, rules: kept },
    suites: parts.filter((part) => part.cases.length + part.measures!.length > 0),
  };
}

const nameOf = ({ alert, record }: Rule): string => (alert ?? record)!;

/** Whether an alert or a recording is of that name, or reads it, directly or by other recordings. */
function readsOrIs(rule: Rule, name: string, rules: Rule[]): boolean {
  if (rule.alert === name || rule.record === name) return true;
  return rules.some((each) => {
    const reads = each.record && each.record !== rule.record && mentions(rule.expr, each.record);
    return reads && readsOrIs(each, name, rules);
  });
}

function mentions(expr: string, record: string): boolean {
  return new RegExp(`${record}(?![\\w:])`).test(expr);
}
