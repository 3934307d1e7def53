import type { Row } from "../../lib/dashboard";
import { rate, smoothRate } from "../../lib/expressions";
import { timeSeries } from "../../lib/panels";
import { prom } from "../../lib/queries";
import { unit } from "../../lib/units";

/** What the guard adds to a call, and what its ledger holds. */
export const ledger: Row = {
  title: "The guard and its ledger",
  panels: [
    timeSeries({
      title: "Reserve and settle, p95 and p99",
      description: "What the guard adds to a call: one round trip before it, one after it.",
      unit: unit.seconds,
      noValue: "no calls",
      queries: ["reserve", "settle"].flatMap((step) =>
        [0.95, 0.99].map((q) =>
          prom(
            `histogram_quantile(${q}, sum by (le) (${smoothRate(`tollgate_guard_${step}_seconds_bucket`)})) >= 0`,
            `${step} p${q * 100}`,
          ),
        ),
      ),
    }),
    timeSeries({
      title: "Holds",
      description:
        "Calls that hold money now, as the ledger and as the gateway see it; and the oldest one's age.",
      unit: unit.count,
      queries: [
        prom("max(tollgate_ledger_holds_pending)", "pending in the ledger"),
        prom("sum(tollgate_guard_holds_in_flight)", "in flight at the gateway"),
        prom("max(tollgate_ledger_oldest_hold_seconds)", "oldest"),
      ],
      overrides: {
        oldest: [
          { id: "unit", value: unit.seconds },
          { id: "custom.axisPlacement", value: "right" },
        ],
      },
    }),
    timeSeries({
      title: "Ledger errors and holds that expired",
      description:
        "Each is a finding: errors fail calls closed, an expired hold was charged because its gateway died.",
      unit: unit.countsPerSecond,
      queries: [
        prom(`sum by (operation) (${rate("tollgate_guard_ledger_errors_total")})`, "{{operation}} errors"),
        prom(`sum(${rate("tollgate_guard_holds_expired_total")})`, "holds expired"),
      ],
    }),
  ],
};
