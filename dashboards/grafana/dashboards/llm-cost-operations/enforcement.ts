import { NANOS_PER_DOLLAR } from "../../../../litellm-config";
import { records } from "../../../prometheus/rules/recording";
import type { Row } from "../../lib/dashboard";
import { timeSeries } from "../../lib/panels";
import { prom } from "../../lib/queries";
import { outcomeColors } from "../../lib/thresholds";
import { unit } from "../../lib/units";

/** What the guard decided, and whether its books agree with LiteLLM's. */
export const enforcement: Row = {
  title: "Enforcement",
  panels: [
    timeSeries({
      title: "Decisions",
      description: "Calls a second by what the guard decided.",
      unit: unit.perSecond,
      stacked: true,
      overrides: outcomeColors,
      queries: [
        prom(
          `sum by (decision) (rate(tollgate_guard_decisions_total{tier=~"$tier"}[$__rate_interval]))`,
          "{{decision}}",
        ),
      ],
    }),
    timeSeries({
      title: "Refusals by reason",
      description: "Calls a second that were refused, and why.",
      unit: unit.perSecond,
      stacked: true,
      noValue: "no refusals",
      queries: [
        prom(
          `sum by (reason) (rate(tollgate_guard_decisions_total{decision="refused"}[$__rate_interval]))`,
          "{{reason}}",
        ),
      ],
    }),
    timeSeries({
      title: "Two counts of the same spend",
      description:
        "What the ledger and LiteLLM counted in the last hour. They must agree; Spend Mismatch fires if not.",
      unit: unit.usd,
      noValue: "no spend",
      queries: [
        prom(`sum(${records.ledgerSpend}) / ${NANOS_PER_DOLLAR}`, "ledger"),
        prom(`sum(${records.litellmSpend}) / ${NANOS_PER_DOLLAR}`, "LiteLLM"),
      ],
    }),
  ],
};
