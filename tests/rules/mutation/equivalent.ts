import type { Mutant } from "./mutants";

interface Equivalent {
  rule: string;
  what: string;
  /** The proof that no series distinguishes the mutant from the rule. */
  because: string;
}

/** Mutants that mean the same as the rule: no test could kill them. */
export const EQUIVALENTS: Equivalent[] = [
  ...[
    ["UnpricedModelRefused", `reason="unpriced_model" -> nothing at 127`],
    ["FleetLimitReached", `decision="refused", -> nothing at 154`],
    ["FleetLimitReached", `reason=~"fleet_day|fleet_rate" -> nothing at 173`],
    ["GatewayFailsClosed", `reason="ledger_unavailable" -> nothing at 120`],
  ].map(([rule, what]) => ({
    rule: rule!,
    what: what!,
    because:
      "it is the right side of `A unless B`, which compares all labels: B's other series equal none of A's",
  })),
  {
    rule: "CostSpike",
    what: "> -> >= at 117",
    because:
      "it is `rate * 3600 / 1e9` at $2 an hour, and no double times 3600 is 2e9: the nearest give 1.9999999999999998 and 2.0000000000000004",
  },
  ...["sum -> max at 0", "increase -> rate at 14", "sum -> max at 173", "increase -> rate at 187"].map(
    (what) => ({
      rule: "HistoryFailing",
      what,
      because: "growth is never negative: its sum, its highest and its rate are above 0 together",
    }),
  ),
  {
    rule: "LedgerUnreachable",
    what: "max -> sum at 0",
    because: "each exporter says 0 or 1: their sum is 0 where their highest is",
  },
  ...["15", "56", "107"].map((at) => ({
    rule: "LangfuseJobsFailing",
    what: `key=~"bull:.*:failed" -> nothing at ${at}`,
    because:
      "it is one of `A - (B or C)`, which pairs by all labels: the others keep the keys of other states out",
  })),
  ...["0.9", "1.1"].map((value) => ({
    rule: "Watchdog",
    what: `1 -> ${value} at 7`,
    because: "an alert fires whatever its value, and no text of this one shows it",
  })),
  ...["ProviderRefusing", "ProviderThrottling"].flatMap((rule) =>
    ["0", "172"].map((at) => ({
      rule,
      what: `sum -> max at ${at}`,
      because: "one ending is one series a provider and model: its sum is its maximum",
    })),
  ),
];

export function isEquivalent({ rule, what }: Mutant): boolean {
  return EQUIVALENTS.some((each) => each.rule === rule && each.what === what);
}
