import type { Rule, RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { changedExpressions, scaled, type Change } from "./expressions";

export interface Mutant extends Change {
  group: string;
  /** The alert or recorded series that was changed. */
  rule: string;
  /** Its index in the group: rules may share a name. */
  at: number;
  /** The group with this one change in it. */
  changed: RuleGroup;
}

const OTHER_SEVERITY: Record<string, string> = { critical: "warning", warning: "info", info: "warning" };

/** Every mutant of a rule group: one change of one rule each. */
export function mutantsOf(group: RuleGroup): Mutant[] {
  return group.rules.flatMap((rule, i) =>
    changedRules(rule).map(({ rule: changed, ...change }) => ({
      ...change,
      group: group.name,
      rule: (rule.alert ?? rule.record)!,
      at: i,
      changed: { ...group, rules: group.rules.map((each, j) => (i === j ? changed : each)) },
    })),
  );
}

type ChangedRule = Change & { rule: Rule };

function changedRules(rule: Rule): ChangedRule[] {
  const expressions = changedExpressions(rule.expr).map(({ expr, ...change }): ChangedRule => ({
    ...change,
    rule: { ...rule, expr },
  }));
  return [...expressions, ...changedTimes(rule), ...changedLabels(rule), ...changedAnnotations(rule)];
}

function changedTimes(rule: Rule): ChangedRule[] {
  if (!rule.for) return [];
  return ["0s", scaled(rule.for, 0.5), scaled(rule.for, 2)].map((time) => ({
    kind: "for",
    what: `${rule.for} -> ${time}`,
    rule: { ...rule, for: time },
  }));
}

function changedLabels(rule: Rule): ChangedRule[] {
  return Object.entries(rule.labels ?? {}).map(([name, value]) => {
    const other = name === "severity" ? OTHER_SEVERITY[value]! : `not-${value}`;
    return {
      kind: name === "severity" ? "severity" : "label",
      what: `${name}: ${value} -> ${other}`,
      rule: { ...rule, labels: { ...rule.labels, [name]: other } },
    };
  });
}

function changedAnnotations(rule: Rule): ChangedRule[] {
  return Object.keys(rule.annotations ?? {}).map((name) => {
    const others = Object.fromEntries(Object.entries(rule.annotations!).filter(([key]) => key !== name));
    return { kind: "annotation", what: `${name} -> nothing`, rule: { ...rule, annotations: others } };
  });
}
