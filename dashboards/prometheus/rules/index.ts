import type { Links } from "../../links";
import { budgetAlerts } from "./budgets";
import { ledgerAlerts } from "./ledger";
import { monitoringAlerts } from "./monitoring";
import { platformAlerts } from "./platform";
import { providerAlerts } from "./providers";
import { providerRecordings, requestRecordings, sloRecordings, spendRecordings } from "./recording";
import { requestAlerts } from "./requests";
import { oneLine, toRule, type Alert, type Recording, type RuleGroup } from "./rule";
import { spendAlerts } from "./spend";

export type { Alert, RuleGroup, Severity } from "./rule";

/** What differs between the targets in otherwise equal rules. */
export interface RuleSettings {
  links: Links;
  /** Names of the jobs that this target's Prometheus must have. */
  jobs: readonly string[];
  /** Replaces every `for`: only to see alerts within seconds in an end-to-end test. */
  holdFor?: string;
}

/** Every alert by the group that evaluates it. */
export function alertGroups(jobs: readonly string[]): Record<string, Alert[]> {
  return {
    spend: spendAlerts,
    budgets: budgetAlerts,
    requests: requestAlerts,
    providers: providerAlerts,
    ledger: ledgerAlerts,
    platform: platformAlerts,
    monitoring: monitoringAlerts(jobs),
  };
}

const recordings: Record<string, Recording[]> = {
  spend: spendRecordings,
  requests: [...requestRecordings, ...sloRecordings],
  providers: providerRecordings,
};

/** Prometheus's rule groups. A group's recordings precede the alerts that read them, in one evaluation. */
export function ruleGroups({ links, jobs, holdFor }: RuleSettings): RuleGroup[] {
  return Object.entries(alertGroups(jobs)).map(([name, alerts]) => ({
    name,
    rules: [
      ...(recordings[name] ?? []).map((recording) => ({ ...recording, expr: oneLine(recording.expr) })),
      ...alerts
        .map((alert) => (holdFor && alert.for ? { ...alert, for: holdFor } : alert))
        .map((alert) => toRule(alert, links)),
    ],
  }));
}
