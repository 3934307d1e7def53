import type { Rule, RuleGroup } from "../../../dashboards/prometheus/rules/rule";
import { isFires, type Suite } from "../support/suite";

/** The part of a group and of its suite that a change of one rule can reach. */
export interface Scope {
  group: RuleGroup;
  /** The cases of the alerts that the change can reach; those that span hours cost most and come last. */
  suites: Suite[];
}

const LONG_MINUTES = 120;

/** What must be run to judge a change of `rule`: the alerts that rest on it, and the recordings that these read. */
export function scopeOf(rule: string, group: RuleGroup, suite: Suite): Scope {
  const alerts = new Set(
    group.rules.filter((each) => each.alert && readsOrIs(each, rule, group.rules)).map((each) => each.alert),
  );
  const kept = group.rules.filter(
    ({ alert, record }) =>
      alerts.has(alert) ||
      (record && group.rules.some((each) => alerts.has(each.alert) && readsOrIs(each, record, group.rules))),
  );
  const cases = suite.cases.filter(({ alert }) => alerts.has(alert));
  const isLong = (each: Suite["cases"][number]) =>
    (isFires(each) ? [each.onset] : [each.quietAt].flat()).some((time) => parseInt(time) > LONG_MINUTES);
  const parts = [cases.filter((each) => !isLong(each)), cases.filter(isLong)];
  return {
    group: { ...group, rules: kept },
    suites: parts.filter((part) => part.length > 0).map((part) => ({ ...suite, cases: part })),
  };
}

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
