/** While the source fires, the targets stay quiet; `equal` names labels that both must share. */
interface Inhibition {
  source_matchers: string[];
  target_matchers: string[];
  equal?: string[];
}

const anyOf = (...names: string[]): string => `alertname=~"${names.join("|")}"`;

/** What customers feel, whatever the cause. */
const SYMPTOMS = ["ErrorSpike", "ErrorBudgetBurn", "HighLatency"];

/** One incident, one page: the cause silences its symptoms. FallbackFailing is never silenced. */
export const inhibitions: Inhibition[] = [
  { source_matchers: [anyOf("ProviderDown")], target_matchers: [anyOf(...SYMPTOMS)] },
  {
    source_matchers: [anyOf("LedgerUnreachable")],
    target_matchers: [anyOf("GatewayFailsClosed", "LedgerWritesFailing", "GuardSlow", ...SYMPTOMS)],
  },
  { source_matchers: [anyOf("GatewayFailsClosed")], target_matchers: [anyOf(...SYMPTOMS)] },
  {
    source_matchers: [anyOf("TargetDown", "TargetMissing"), `service="gateway"`],
    target_matchers: [
      anyOf("FallbackFailing", "GatewayFailsClosed", "GuardSlow", "ProviderDown", ...SYMPTOMS),
    ],
  },
  {
    source_matchers: [anyOf("TargetDown", "TargetMissing"), `service="clickhouse"`],
    target_matchers: [anyOf("LangfuseQueueBacklog", "RedisMemoryPressure")],
  },
  { source_matchers: [anyOf("TargetDown")], target_matchers: [anyOf("TargetMissing")], equal: ["service"] },
  { source_matchers: [anyOf("ErrorSpike")], target_matchers: [anyOf("ErrorBudgetBurn")], equal: ["service"] },
  {
    source_matchers: [`severity="critical"`],
    target_matchers: [`severity="warning"`],
    equal: ["alertname", "service"],
  },
];
