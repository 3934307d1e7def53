import Table from "cli-table3";
import type { LedgerReport } from ".";

/** The goals that the figures are printed beside. */
const GOALS = { ratio: 1.3, ownMs: 0.8, queryMs: 100, bytes: 250 };

/** Beyond this the rounds say more about the machine than about the ledger. */
const NOISY = 0.3;

/** The report as text for people. */
export function ledgerText(report: LedgerReport): string {
  const { calls, customers, load, noise, steps, queries, filing, bytes, hot } = report;
  const ms = (value: number) => `${value.toFixed(2)} ms`;
  const plain = { head: [], border: [] };
  const verdict = (good: boolean) => (good ? "met" : "MISSED");

  const timings = new Table({
    head: ["", "empty", "full", "ratio", `goal ${GOALS.ratio}x`],
    style: plain,
    colAligns: ["left", "right", "right", "right", "left"],
  });
  for (const [step, { empty, full }] of Object.entries(steps)) {
    for (const [title, of] of [
      ["round trip", "roundTrip"],
      ["Postgres' own", "own"],
    ] as const) {
      const ratio = full[of].median / empty[of].median;
      timings.push([
        `${step}, ${title}, median`,
        ms(empty[of].median),
        ms(full[of].median),
        `${ratio.toFixed(2)}x`,
        verdict(ratio <= GOALS.ratio),
      ]);
      timings.push([`${step}, ${title}, p99`, ms(empty[of].p99), ms(full[of].p99), "", ""]);
    }
  }
  timings.push(["filing one call", ms(filing.empty), ms(filing.full), "", ""]);
  const own = steps.reserve.full.own.median + steps.settle.full.own.median;

  const slowest = new Table({ head: ["slowest queries on the full ledger", "median"], style: plain });
  for (const { name, ms: took } of queries.slice(0, 10)) slowest.push([name, ms(took)]);

  return [
    `${calls} calls of ${customers} customers in the last 30 days; load average ${load.map((each) => each.toFixed(1)).join(" -> ")}`,
    noise > NOISY
      ? `The machine was too noisy to tell: the empty ledger's rounds lie ${Math.round(noise * 100)} % apart.`
      : `The empty ledger's rounds lie ${Math.round(noise * 100)} % apart.`,
    timings.toString(),
    `Postgres' own time for reserve and settle: ${ms(own)} (goal ${GOALS.ownMs} ms: ${verdict(own <= GOALS.ownMs)})`,
    slowest.toString(),
    `${queries.length} queries, all under ${GOALS.queryMs} ms: ${verdict(queries.every((query) => query.ms < GOALS.queryMs))}`,
    `Bytes a call: ${bytes.calls.toFixed(0)} for the call (goal ${GOALS.bytes}: ${verdict(bytes.calls <= GOALS.bytes)}), ` +
      `${bytes.everything.toFixed(0)} with its share of totals, sessions and customers (${verdict(bytes.everything <= GOALS.bytes)})`,
    `Updates that stay on their page (HOT): ${Object.entries(hot)
      .map(([table, share]) => `${table} ${(share * 100).toFixed(1)} %`)
      .join(", ")}`,
  ].join("\n\n");
}
