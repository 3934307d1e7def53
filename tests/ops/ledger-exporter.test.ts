import type { AddressInfo } from "node:net";
import { createExporter, type ExporterOptions, type LedgerExporter } from "../../ops/ledger-exporter/server";
import { definitions, usd } from "../../litellm-config";
import {
  addCall,
  addCrossing,
  addCustomer,
  addRefusal,
  addSession,
  startLedger,
  type TestLedger,
} from "../dashboards/support/ledger";

let ledger: TestLedger;
const exporters: LedgerExporter[] = [];

beforeAll(async () => {
  ledger = await startLedger();
  const { owner } = ledger;
  // Of $8: exactly half, just over half, over 95 % with and without degraded calls, and two that were refused.
  await addCustomer(owner, "at_half", usd("4"));
  await addCustomer(owner, "over_half", usd("4.000000001"));
  await addCustomer(owner, "degraded", usd("7.7"));
  await addCustomer(owner, "by_holds", usd("7.5"), usd("0.1"));
  await addCustomer(owner, "not_degraded", usd("7.7"));
  await addCustomer(owner, "refused", usd("7.95"));
  await addCustomer(owner, "refused_before", usd("7.95"));
  await addCustomer(owner, "full", usd("8"));

  for (const customer of ["degraded", "not_degraded", "refused", "refused_before"]) {
    await addSession(owner, customer, "s", usd("0.1"));
    await addCrossing(owner, customer, 95, "10 minutes");
    await addCall(owner, { customer, session: "s", decision: "allowed", ago: "20 minutes" });
  }
  await addCall(owner, { customer: "degraded", session: "s", decision: "degraded", ago: "5 minutes" });
  await addCall(owner, { customer: "not_degraded", session: "s", decision: "allowed", ago: "5 minutes" });
  await addRefusal(owner, "refused", "month_budget", "1 minute");
  await addRefusal(owner, "refused_before", "month_budget", "7 minutes");
  await addRefusal(owner, "refused_before", "session_calls", "1 minute");
  await addCall(owner, { customer: "refused_before", session: "s", decision: "degraded", ago: "5 minutes" });

  const { runawayAt } = definitions.session;
  await addSession(owner, "at_half", "at_line", runawayAt);
  await addSession(owner, "at_half", "runaway", runawayAt + 1, "14 minutes");
  await addSession(owner, "at_half", "long_ago", runawayAt + 1, "61 minutes");
  await addCall(owner, { customer: "at_half", session: "runaway", ago: "16 minutes", trace: "a".repeat(32) });
  await addCall(owner, { customer: "at_half", session: "runaway", ago: "15 minutes", trace: "b".repeat(32) });
  await addCall(owner, {
    customer: "at_half",
    session: "runaway",
    state: "pending",
    ago: "90 seconds",
    held: usd("0.02"),
  });
  await addCall(owner, { customer: "at_half", session: "runaway", state: "pending", held: usd("0.01") });
  await owner.query("UPDATE ledger.customers SET disabled_at = now() WHERE customer_id = 'full'");
});

afterEach(async () => {
  await Promise.all(exporters.splice(0).map((exporter) => exporter.close()));
});
afterAll(() => ledger?.stop());

describe("the ledger's metrics", () => {
  it("name customers over half of their budget, and no others", async () => {
    const metrics = await scrape();
    const ratios = metrics.get("tollgate_customer_budget_used_ratio")!;
    expect(Object.keys(ratios).map((labels) => /customer_id="(\w+)"/.exec(labels)![1])).toEqual([
      "full",
      "refused",
      "refused_before",
      "degraded",
      "not_degraded",
      "by_holds",
      "over_half",
    ]);
    expect(ratios['customer_id="full",tier="tier_1"']).toBe(1);
    expect(ratios['customer_id="degraded",tier="tier_1"']).toBeCloseTo(0.9625, 10);
    expect(metrics.get("tollgate_customer_spent_nanodollars")).toMatchObject({
      'customer_id="over_half",tier="tier_1"': usd("4.000000001"),
    });
  });

  it("say who is degraded as observed, and who is blocked until a call passes again", async () => {
    const metrics = await scrape();
    const flagged = (name: string) =>
      Object.entries(metrics.get(name)!)
        .filter(([, value]) => value === 1)
        .map(([labels]) => /customer_id="(\w+)"/.exec(labels)![1])
        .sort();
    // "not_degraded" crossed 95 % and was still allowed afterwards: that is what the alert has to see.
    expect(flagged("tollgate_customer_degraded")).toEqual([
      "by_holds",
      "degraded",
      "full",
      "refused",
      "refused_before",
    ]);
    expect(flagged("tollgate_customer_blocked")).toEqual(["full", "refused"]);
  });

  it("name only the last hour's sessions over the runaway line, with their last trace", async () => {
    const sessions = (await scrape()).get("tollgate_session_spent_nanodollars");
    expect(sessions).toEqual({
      [`customer_id="at_half",session_id="runaway",trace_id="${"b".repeat(32)}"`]:
        definitions.session.runawayAt + 1,
    });
  });

  it("forecast the month of tiers and of all customers, and the day on which a budget is used up", async () => {
    const { owner } = ledger;
    await owner.query("UPDATE ledger.customers SET created_at = now() - interval '40 days'");
    for (let day = 1; day <= 28; day++) {
      await addCall(owner, { customer: "at_half", session: "at_line", cost: usd("100"), ago: `${day} days` });
    }
    const metrics = await scrape();
    // $100 a day are more than the $4 that are left of today's budget, whatever the time of day.
    const runsOut = metrics.get("tollgate_customer_runs_out_timestamp_seconds")!;
    expect(Object.keys(runsOut)).toEqual(['customer_id="at_half",tier="tier_1"']);
    expect(Object.values(runsOut)[0]! % 86_400).toBe(0);
    const { expected, low, high } = {
      expected: metrics.get("tollgate_fleet_forecast_nanodollars")!['bound="expected"']!,
      low: metrics.get("tollgate_fleet_forecast_nanodollars")!['bound="low"']!,
      high: metrics.get("tollgate_fleet_forecast_nanodollars")!['bound="high"']!,
    };
    expect(low <= expected && expected <= high).toBe(true);
    expect(
      metrics.get("tollgate_tier_forecast_nanodollars")!['tier="tier_1",bound="expected"'],
    ).toBeLessThanOrEqual(expected);
    await owner.query("DELETE FROM ledger.recent_calls WHERE cost_nanos = $1", [usd("100")]);
  });

  it("report how much of the day's and the hour's limits of all customers is used, ignoring the past", async () => {
    await ledger.owner.query(
      `UPDATE ledger.fleet_shards SET day = ledger.day_of(now()), day_nanos = 70, hour = ledger.hour_of(now()), hour_nanos = 30
       WHERE shard < 2;
       UPDATE ledger.fleet_shards SET day = ledger.day_of(now()) - 1, day_nanos = 1000, hour = ledger.hour_of(now()) - interval '1 hour',
         hour_nanos = 1000 WHERE shard = 2`,
    );
    const metrics = await scrape();
    expect(metrics.get("tollgate_fleet_used_nanodollars")).toEqual({
      'period="day"': 140,
      'period="hour"': 60,
    });
    const { dailyBudget, hourlyBudget } = definitions.fleet;
    expect(metrics.get("tollgate_fleet_limit_nanodollars")).toEqual({
      'period="day"': dailyBudget,
      'period="hour"': hourlyBudget,
    });
  });

  it("count tiers, activity, holds and connections, zeros included", async () => {
    const metrics = await scrape();
    expect(metrics.get("tollgate_tier_customers")).toEqual({
      'tier="tier_1"': 7,
      'tier="tier_2"': 0,
      'tier="tier_3"': 0,
    });
    expect(metrics.get("tollgate_tier_spent_nanodollars")).toEqual({
      'tier="tier_1"': usd("54.800000001"),
      'tier="tier_2"': 0,
      'tier="tier_3"': 0,
    });
    expect(metrics.get("tollgate_tier_price_nanodollars")).toMatchObject({ 'tier="tier_2"': usd("99") });
    expect(metrics.get("tollgate_tier_budget_nanodollars")).toMatchObject({ 'tier="tier_3"': usd("35") });
    expect(metrics.get("tollgate_sessions_active")).toEqual({ "": 6 });
    expect(metrics.get("tollgate_customers_active")).toEqual({ "": 5 });
    expect(metrics.get("tollgate_ledger_holds_pending")).toEqual({ "": 2 });
    expect(metrics.get("tollgate_ledger_held_nanodollars")).toEqual({ "": usd("0.03") });
    expect(metrics.get("tollgate_ledger_oldest_hold_seconds")![""]).toBeGreaterThan(89);
    expect(metrics.get("tollgate_ledger_oldest_hold_seconds")![""]).toBeLessThan(150);
    expect(metrics.get("pg_settings_max_connections")).toEqual({ "": 100 });
    expect(metrics.get("pg_stat_database_numbackends")!['datname="ledger"']).toBeGreaterThan(0);
  });
});

describe("the exporter", () => {
  it("reads the ledger once for a storm of scrapes", async () => {
    const url = await listen({ cacheMs: 60_000 });
    // The age of the oldest hold is another one at each read.
    const ages = await Promise.all(
      Array.from(
        { length: 50 },
        async () => (await scrape(url)).get("tollgate_ledger_oldest_hold_seconds")![""],
      ),
    );
    expect(new Set(ages).size).toBe(1);
  });

  it("reads again once its answer is too old", async () => {
    const url = await listen({ cacheMs: 1 });
    const age = async () => (await scrape(url)).get("tollgate_ledger_oldest_hold_seconds")![""]!;
    const before = await age();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(await age()).toBeGreaterThan(before);
  });

  it("refuses to write", async () => {
    const { Client } = await import("pg");
    const reader = new Client(ledger.postgres.urls.ledger_reader);
    await reader.connect();
    await expect(reader.query("UPDATE ledger.customer_months SET spent_nanos = 0")).rejects.toThrow(
      /permission denied/,
    );
    await expect(reader.query("SELECT key_hash FROM ledger.customers")).rejects.toThrow(/permission denied/);
    await reader.end();
  });

  it("publishes tollgate_ledger_up 0 and nothing else when a statement takes too long", async () => {
    const { owner } = ledger;
    await owner.query("BEGIN; LOCK TABLE ledger.customer_months IN ACCESS EXCLUSIVE MODE");
    const changes: [boolean, string | undefined][] = [];
    const url = await listen({
      cacheMs: 1,
      statementTimeoutMs: 1_500,
      onChange: (up, error) => changes.push([up, error?.message]),
    });
    expect([...(await scrape(url))]).toEqual([["tollgate_ledger_up", { "": 0 }]]);
    await owner.query("ROLLBACK");
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await scrape(url)).get("tollgate_ledger_up")).toEqual({ "": 1 });
    expect(changes).toEqual([
      [false, "canceling statement due to statement timeout"],
      [true, undefined],
    ]);
  });

  it("says that the ledger is away, and stays healthy", async () => {
    const away = await listen({ ledgerUrl: "postgres://ledger_reader@127.0.0.1:26099/ledger" });
    expect([...(await scrape(away))]).toEqual([["tollgate_ledger_up", { "": 0 }]]);
    expect((await fetch(`${away}/healthz`)).status).toBe(200);
    expect((await fetch(`${away}/elsewhere`)).status).toBe(404);
  });
});

async function listen(options: Partial<ExporterOptions> = {}): Promise<string> {
  const exporter = createExporter({ ledgerUrl: ledger.postgres.urls.ledger_reader, ...options });
  exporters.push(exporter);
  await new Promise<void>((resolve) => exporter.server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(exporter.server.address() as AddressInfo).port}`;
}

/** Samples by metric, then by the text of their labels. */
async function scrape(url?: string): Promise<Map<string, Record<string, number>>> {
  const text = await (await fetch(`${url ?? (await listen())}/metrics`)).text();
  const metrics = new Map<string, Record<string, number>>();
  for (const [, name = "", labels = "", value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
    metrics.set(name, { ...metrics.get(name), [labels]: Number(value) });
  }
  return metrics;
}
