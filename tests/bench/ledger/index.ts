import { loadavg } from "node:os";
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { Client } from "pg";
import { definitions } from "../../../litellm-config";
import { interpolateSql } from "../../../local/dashboards/interpolate";
import * as exporter from "../../../ops/ledger-exporter/sql";
import { startLedger, type TestLedger } from "../../dashboards/support/ledger";
import { queriesOf, rendered } from "../../dashboards/support/panels";
import { median, percentile } from "../statistics";
import { addCustomers, customersOf, fill } from "./fill";
import { bytesOf, measureQuery, measureRound, updatesOf, type Pairs, type Step } from "./measure";

const ROUNDS = 12;
const PAIRS = 100;

/** Milliseconds, over all rounds. */
export interface Timing {
  median: number;
  p99: number;
}

export interface LedgerReport {
  calls: number;
  customers: number;
  /** The machine's load average of the last minute, before and after. */
  load: [number, number];
  /** How far the medians of the empty ledger's rounds lie apart, as a share of the middle one. */
  noise: number;
  steps: Record<"reserve" | "settle", Record<"empty" | "full", { roundTrip: Timing; own: Timing }>>;
  /** Milliseconds of each query of the exporter and of the dashboards on the full ledger, in its dashboard's time range. */
  queries: { name: string; ms: number }[];
  /** Milliseconds that Postgres works to file one call. */
  filing: Record<"empty" | "full", number>;
  /** Bytes a call: of the calls alone, and of the whole ledger with its totals, sessions and customers. */
  bytes: { calls: number; everything: number };
  /** Share of updates that stayed on their page, by table. */
  hot: Record<string, number>;
}

/** Measures a ledger of so many calls against an empty one, on two separate servers, in alternating rounds. */
export async function measureLedger(calls: number, say: (text: string) => void): Promise<LedgerReport> {
  const customers = customersOf(calls);
  const load = loadavg()[0]!;
  const ledgers: TestLedger[] = [];
  try {
    say("Starting two Postgres servers ...");
    ledgers.push(await startLedger(), await startLedger());
    const [empty, full] = ledgers as [TestLedger, TestLedger];
    for (const { owner } of ledgers) await addCustomers(owner, customers);
    say(`Filling one with ${calls} calls of ${customers} customers ...`);
    await fill(full.owner, calls);
    for (const { owner } of ledgers) await owner.query("VACUUM ANALYZE");
    const bytes = await bytesOf(full.owner);
    const sum = (names: string[]) => names.reduce((total, name) => total + (bytes[name] ?? 0), 0);

    say("Asking the exporter's and the dashboards' queries ...");
    const queries = await withClient(full.postgres.urls.ledger_reader, measureQueries);
    say(`Reserving and settling, ${ROUNDS} rounds of ${PAIRS} ...`);
    const before = await updatesOf(full.owner);
    const rounds = { empty: [] as Pairs[], full: [] as Pairs[] };
    await withClient(empty.postgres.urls.ledger_guard, (one) =>
      withClient(full.postgres.urls.ledger_guard, async (other) => {
        for (const guard of [one, other]) await measureRound(guard, customers, PAIRS);
        for (let round = 0; round < ROUNDS; round++) {
          const order = [["empty", one] as const, ["full", other] as const];
          if (round % 2 === 1) order.reverse();
          for (const [name, guard] of order) rounds[name].push(await measureRound(guard, customers, PAIRS));
        }
      }),
    );
    const hot = Object.fromEntries(
      Object.entries(await updatesOf(full.owner)).map(([table, now]) => [
        table,
        (now.hot - before[table]!.hot) / (now.all - before[table]!.all),
      ]),
    );
    const steps = Object.fromEntries(
      (["reserve", "settle"] as const).map((step) => [
        step,
        { empty: timingsOf(rounds.empty, step), full: timingsOf(rounds.full, step) },
      ]),
    ) as LedgerReport["steps"];
    const filing = { empty: await measureFiling(empty.owner), full: await measureFiling(full.owner) };
    const medians = rounds.empty.map(({ reserve }) => median(reserve.roundTrip));
    return {
      calls,
      customers,
      load: [load, loadavg()[0]!],
      noise: (percentile(medians, 90) - percentile(medians, 10)) / median(medians),
      steps,
      queries,
      filing,
      bytes: {
        calls: sum(["filed_calls", "call_kinds"]) / calls,
        everything: sum(Object.keys(bytes)) / calls,
      },
      hot,
    };
  } finally {
    await Promise.all(ledgers.map((ledger) => ledger.stop()));
  }
}

function timingsOf(rounds: Pairs[], step: keyof Pairs): { roundTrip: Timing; own: Timing } {
  const all = (which: keyof Step) => rounds.flatMap((round) => round[step][which]);
  const timing = (values: number[]) => ({ median: median(values), p99: percentile(values, 99) });
  return { roundTrip: timing(all("roundTrip")), own: timing(all("own")) };
}

async function measureQueries(reader: Client): Promise<{ name: string; ms: number }[]> {
  const values: Partial<Record<keyof typeof exporter, unknown[]>> = {
    CUSTOMERS_OVER_HALF: [definitions.thresholds.find(({ action }) => action === "degrade")!.percent],
    RUNAWAY_SESSIONS: [definitions.session.runawayAt],
  };
  const found: { name: string; ms: number }[] = [];
  for (const [name, sql] of Object.entries(exporter)) {
    const ms = await measureQuery(reader, sql, values[name as keyof typeof exporter] ?? []);
    found.push({ name: `exporter: ${name}`, ms });
  }
  for (const [name, sql] of queriesOf("ledger")) {
    const dashboard = rendered.find(({ uid }) => name.startsWith(`${uid}:`))!;
    const ms = await measureQuery(reader, interpolateSql(sql, { seconds: secondsOf(dashboard) }), []);
    found.push({ name, ms });
  }
  return found.sort((one, other) => other.ms - one.ms);
}

/** The time range that a dashboard opens with. */
function secondsOf({ time }: Dashboard): number {
  const [, count, unit] = /^now-(\d+)([hd])$/.exec(time?.from ?? "")!;
  return Number(count) * (unit === "d" ? 86_400 : 3_600);
}

/** Files what the rounds have settled, as if their minute were over. */
async function measureFiling(owner: Client): Promise<number> {
  await owner.query(
    "UPDATE ledger.recent_calls SET reserved_at = reserved_at - interval '1 hour', settled_at = settled_at - interval '1 hour'",
  );
  const { rows } = await owner.query(
    "EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON, VERBOSE) SELECT ledger.file_calls(100000)",
  );
  const filed = await owner.query("SELECT count(*)::int AS left FROM ledger.recent_calls");
  if (filed.rows[0].left !== 0) throw new Error(`${filed.rows[0].left} calls were not filed`);
  return rows[0]["QUERY PLAN"][0]["Execution Time"] / ((ROUNDS + 1) * PAIRS);
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(url);
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
