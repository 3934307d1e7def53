import type { Row } from "../../lib/dashboard";
import { rate } from "../../lib/expressions";
import { stat, timeline, timeSeries } from "../../lib/panels";
import { prom, promNow } from "../../lib/queries";
import { LEDGER_STATE, ledgerStates, upSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";

/** Is every part up, and what does each process take. */
export const health: Row = {
  title: "Health of every service",
  panels: [
    timeline({
      title: "Services",
      description: "Whether each service answers Prometheus. Red is down, a gap is not there at all.",
      unit: unit.none,
      width: 16,
      height: 10,
      steps: upSteps,
      queries: [prom("min by (job) (up)", "{{job}}")],
    }),
    stat({
      title: "Services up",
      description: "Targets that answer, of all that are known.",
      unit: unit.share,
      height: 10,
      steps: [
        [0, "red"],
        [1, "green"],
      ],
      noValue: "unknown",
      queries: [promNow("sum(up) / count(up)", "up")],
    }),
    stat({
      title: "Ledger",
      description:
        "Whether the ledger answers. While it does not, every LLM call is refused and nothing is spent.",
      unit: unit.none,
      height: 10,
      states: ledgerStates,
      queries: [promNow(LEDGER_STATE, "ledger")],
    }),
    stat({
      title: "Scrapes that take longest",
      description: "A service that is slow to report its metrics is short of CPU.",
      unit: unit.seconds,
      width: 8,
      height: 8,
      noValue: "unknown",
      queries: [promNow("topk(3, max by (job) (scrape_duration_seconds))", "{{job}}")],
    }),
    timeSeries({
      title: "Memory of each process",
      description: "Resident bytes. The limit is in the catalogue; a line that only climbs is a leak.",
      unit: unit.bytes,
      queries: [prom("sum by (job) (process_resident_memory_bytes)", "{{job}}")],
    }),
    timeSeries({
      title: "CPU of each process",
      description: "Share of one core that is in use; what the catalogue gives is the limit.",
      unit: unit.share,
      queries: [prom(`sum by (job) (${rate("process_cpu_seconds_total")})`, "{{job}}")],
    }),
  ],
};
