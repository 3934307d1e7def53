import type { Rule, RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import type { Suite } from "./suite";

/** The part of a group and of its suite that a change of one rule can reach. */
export interface Scope {
  group: RuleGroup;
  suite: Suite;
  /** Whether a test is about the alerts that the change reaches, and not about others of their name and another window. */
  isAbout: (test: object) => boolean;
}

/**
 * What must be run to judge a change of a rule: what is measured of it, the alerts that rest on it, and what these read.
 *
 * @param at the rule's index in the group
 */
export function scopeOf(at: number, group: RuleGroup, suite: Suite): Scope {
  const changed = group.rules[at]!;
  const rule = nameOf(changed);
  const measured = new Set(suite.measures?.map((each) => each.rule));
  const names = new Set(
    group.rules
      .filter((each) => (each.alert || measured.has(each.record!)) && readsOrIs(each, rule, group.rules))
      .map(nameOf),
  );
  // Rules of one name are tested together, so what any of them reads is needed.
  const tested = group.rules.filter((each) => names.has(nameOf(each)));
  const reached = changed.alert ? [changed] : tested.filter((each) => readsOrIs(each, rule, group.rules));
  const windows = reached.flatMap(({ labels }) => labels?.window ?? []);
  return {
    group: { ...group, rules: withWhatTheyRead(tested, group.rules) },
    suite: {
      ...suite,
      measures: suite.measures?.filter((each) => names.has(each.rule)) ?? [],
      cases: suite.cases.filter(({ alert }) => names.has(alert)),
    },
    isAbout: (test) =>
      windows.length === 0 || windows.some((each) => new RegExp(`\\b${each}\\b`).test(JSON.stringify(test))),
  };
}

/** A suite in parts, one for each rule that it has tests of, with no more of the group than that rule needs. */
export function partsOf(group: RuleGroup, suite: Suite): Pick<Scope, "group" | "suite">[] {
  const { cases, measures = [] } = suite;
  const names = new Set([...cases.map(({ alert }) => alert), ...measures.map(({ rule }) => rule)]);
  return [...names].map((name) => {
    const tested = group.rules.filter((rule) => nameOf(rule) === name);
    return {
      group: { ...group, rules: withWhatTheyRead(tested, group.rules) },
      suite: {
        ...suite,
        cases: cases.filter(({ alert }) => alert === name),
        measures: measures.filter(({ rule }) => rule === name),
      },
    };
  });
}

/** Rules and the recordings that they rest on, in the group's order. */
function withWhatTheyRead(tested: Rule[], rules: Rule[]): Rule[] {
  return rules.filter(
    (each) =>
      tested.includes(each) ||
      (each.record && tested.some((reader) => readsOrIs(reader, each.record!, rules))),
  );
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
