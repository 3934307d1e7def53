import { usd } from "../../litellm-config";
import { addDays, daysOf } from "../../app/dates";
import { decimal } from "../../app/money";
import { sampleSources } from "../../app/sources/sample";
import { PROJECTS, SPIKE, spikeDays, WASTE } from "../../app/sources/sample/seeded";
import { createLog, createMetrics } from "../../app/telemetry";
import { PLAIN_TOOLS } from "../../app/tools";
import { runTool } from "../../app/tools/run-tool";
import type { ToolContext } from "../../app/tools/tool";
import { MemoryLedger, usageOf } from "../support/memory-ledger";
import { NOW } from "./harness";

const telemetry = { log: createLog({ level: "error", environment: "local" }), metrics: createMetrics() };
const ledger = new MemoryLedger();

function contextOf(now = NOW, sessionId?: string): ToolContext {
  return {
    customer: { customerId: "cust_one", tier: "tier_2", gcpProject: "shop-prod", disabled: false },
    sources: sampleSources(() => now)("shop-prod"),
    ledger,
    sessionId,
    now: () => now,
    signal: new AbortController().signal,
  };
}

async function run(name: string, input: unknown, context = contextOf()) {
  const tool = PLAIN_TOOLS.find((each) => each.name === name)!;
  const result = await runTool(tool, input, context, telemetry);
  if (result.outcome !== "ok") throw new Error(result.message);
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each test reads the one tool's own shape
  return result.output as any;
}

/** Cents, to add up decimal amounts exactly. */
const cents = (amount: string) => Math.round(Number(amount) * 100);

describe("get-spend", () => {
  test("splits a period by service, largest first, and adds up to the total", async () => {
    const spend = await run("get-spend", { period: "last_week" });
    expect(spend).toMatchObject({ from: "2026-11-16", to: "2026-11-22", currency: "USD", other: [] });
    expect(spend.rows[0].key).toBe(SPIKE.service);
    const costs = spend.rows.map((row: { cost: string }) => cents(row.cost));
    expect(costs).toEqual([...costs].sort((a, b) => b - a));
    expect(costs.reduce((a: number, b: number) => a + b, 0)).toBe(cents(spend.total));
  });

  test.each(["service", "project", "sku", "day"])("gives the same total by %s", async (group_by) => {
    const byService = await run("get-spend", { period: "last_week" });
    const spend = await run("get-spend", { period: "last_week", group_by });
    expect(spend.total).toBe(byService.total);
  });

  test("lists days in order, and knows none after yesterday", async () => {
    const spend = await run("get-spend", { from: "2026-11-20", to: "2026-11-30", group_by: "day" });
    const days = spend.rows.map((row: { key: string }) => row.key);
    expect(days).toEqual(["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]);
  });

  test("sums up what is beyond the limit", async () => {
    const spend = await run("get-spend", { group_by: "sku", limit: 2 });
    const shown = spend.rows.reduce((sum: number, row: { cost: string }) => sum + cents(row.cost), 0);
    expect(spend.rows).toHaveLength(2);
    expect(shown + cents(spend.other[0].cost)).toBe(cents(spend.total));
  });

  test("narrows to a service and to a project", async () => {
    const spend = await run("get-spend", { service: "BigQuery", group_by: "project" });
    expect(spend.rows.map((row: { key: string }) => row.key)).toEqual([PROJECTS.data]);
    const none = await run("get-spend", { service: "BigQuery", project: PROJECTS.staging });
    expect(none).toMatchObject({ total: "0.00", rows: [] });
  });

  test.each([
    [{ from: "2026-11-20" }, "set both from and to"],
    [{ from: "2026-11-20", to: "2026-11-01" }, "swap them"],
    [{ from: "2024-01-01", to: "2026-11-01" }, "ask for at most 400"],
    [{ period: "last_year" }, "period"],
    [{ group_by: "team" }, "group_by"],
    [{ limit: 0 }, "limit"],
    [{ from: "yesterday", to: "2026-11-01" }, "from"],
  ])("refuses %j and says why", async (input, reason) => {
    await expect(run("get-spend", input)).rejects.toThrow(reason);
  });
});

describe("compare-periods", () => {
  test("finds the seeded spike as what drove last week up", async () => {
    const compared = await run("compare-periods", {});
    expect(compared.current).toMatchObject({ from: "2026-11-16", to: "2026-11-22" });
    expect(compared.previous).toMatchObject({ from: "2026-11-09", to: "2026-11-15" });
    const [driver] = compared.drivers;
    const seeded = cents(decimal(BigInt(SPIKE.extraPerDayNanos) * 3n));
    expect(driver.key).toBe(SPIKE.service);
    // Besides the spike only the small daily changes are left.
    expect(Math.abs(cents(driver.change) - seeded)).toBeLessThan(seeded * 0.02);
    expect(cents(compared.change)).toBe(cents(compared.current.cost) - cents(compared.previous.cost));
    expect(compared.change_percent).toBeGreaterThan(50);
  });

  test("names the sku within the service", async () => {
    const compared = await run("compare-periods", { service: SPIKE.service, group_by: "sku" });
    expect(compared.drivers[0].key).toBe(SPIKE.sku);
  });

  test("compares a whole month with the whole month before", async () => {
    const compared = await run("compare-periods", { period: "last_month" });
    expect(compared.current).toMatchObject({ from: "2026-10-01", to: "2026-10-31" });
    expect(compared.previous).toMatchObject({ from: "2026-09-01", to: "2026-09-30" });
  });
});

describe("list-anomalies", () => {
  test("finds the one seeded spike, its days, sku and project, and nothing else", async () => {
    const { anomalies } = await run("list-anomalies", {});
    expect(anomalies).toHaveLength(1);
    expect(anomalies[0]).toMatchObject({
      service: SPIKE.service,
      from: "2026-11-17",
      to: "2026-11-19",
      cause: { sku: SPIKE.sku, project: SPIKE.project },
    });
    const seeded = cents(decimal(BigInt(SPIKE.extraPerDayNanos) * 3n));
    expect(Math.abs(cents(anomalies[0].excess) - seeded)).toBeLessThan(seeded * 0.02);
  });

  test("finds nothing in a quiet period", async () => {
    const { anomalies } = await run("list-anomalies", { from: "2026-10-01", to: "2026-11-16" });
    expect(anomalies).toEqual([]);
  });

  test.each(daysOf({ from: "2026-11-16", to: "2026-11-29" }))(
    "finds it whichever day is today (%s)",
    async (day) => {
      const now = new Date(`${day}T08:30:00Z`); // half past midnight, Pacific time
      const { anomalies } = await run("list-anomalies", { period: "last_week" }, contextOf(now));
      const days = spikeDays(day);
      expect(anomalies).toMatchObject([{ service: SPIKE.service, from: days[0], to: days[2] }]);
      expect(addDays(days[0]!, 2)).toBe(days[2]);
    },
  );
});

describe("list-recommendations", () => {
  test("finds every seeded waste with its saving, largest first", async () => {
    const found = await run("list-recommendations", {});
    const seeded = [...WASTE].sort((a, b) => b.monthlySavingNanos - a.monthlySavingNanos);
    expect(found.found).toBe(WASTE.length);
    expect(found.recommendations.map((each: { kind: string }) => each.kind)).toEqual(
      seeded.map(({ kind }) => kind),
    );
    expect(found.recommendations.map((each: { monthly_saving: string }) => each.monthly_saving)).toEqual(
      seeded.map(({ monthlySavingNanos }) => decimal(BigInt(monthlySavingNanos))),
    );
    expect(found.total_monthly_saving).toBe(
      decimal(BigInt(WASTE.reduce((sum, { monthlySavingNanos }) => sum + monthlySavingNanos, 0))),
    );
  });

  test("shows one kind only", async () => {
    const found = await run("list-recommendations", { kinds: ["unattached_disk"] });
    expect(found.recommendations).toHaveLength(1);
    expect(found.recommendations[0].resource).toContain("old-import-data");
  });

  test("says so when there is none of a kind", async () => {
    const found = await run("list-recommendations", { kinds: ["unused_image"] });
    expect(found).toMatchObject({
      currency: null,
      total_monthly_saving: "0.00",
      found: 0,
      recommendations: [],
    });
  });
});

describe("list-assets", () => {
  test("holds every seeded resource", async () => {
    const { assets, more } = await run("list-assets", {});
    expect(more).toBe(false);
    for (const { asset } of WASTE) {
      const found = assets.find((each: { name: string }) => each.name.endsWith(asset.name));
      expect(found).toMatchObject({ type: asset.type, state: asset.state, labels: asset.labels });
    }
  });

  test("narrows by type, place and words", async () => {
    const named = async (query: unknown) =>
      (await run("list-assets", query)).assets.map((each: { display_name: string }) => each.display_name);
    expect(await named({ types: ["compute.googleapis.com/Address"], text: "reserved" })).toEqual([
      "legacy-lb-ip",
    ]);
    expect(await named({ location: "us-central1-b" })).toEqual(["search-1"]);
    expect(await named({ text: "nothing like it" })).toEqual([]);
  });

  test("says when there are more", async () => {
    const { assets, more } = await run("list-assets", { limit: 3 });
    expect(assets).toHaveLength(3);
    expect(more).toBe(true);
  });
});

describe("get-budget", () => {
  test("says what is spent, held and left", async () => {
    ledger.usages.set("cust_one", usageOf({ spentNanos: usd("4.5"), heldNanos: usd("0.25"), calls: 7 }));
    expect(await run("get-budget", {})).toEqual({
      plan_tier: "tier_2",
      month: "2026-11",
      from: "2026-11-01",
      until: "2026-12-01",
      time_zone: "UTC",
      cap: "$18.00",
      spent: "$4.50",
      held: "$0.25",
      left: "$13.25",
      used_percent: 25,
      calls: 7,
      forecast: null,
      session: null,
    });
  });

  test("says what the month is expected to cost, and when the budget is used up", async () => {
    const days = Array.from({ length: 28 }, (_, index) => ({
      day: new Date(NOW.getTime() - (index + 1) * 86_400_000).toISOString().slice(0, 10),
      nanos: usd("1"),
    }));
    ledger.usages.set("cust_one", usageOf({ spentNanos: usd("15.375") }));
    ledger.spend.set("cust_one", { firstDay: "2026-10-01", days, queryTypes: [] });
    // 24 November, 09:00: six days and fifteen hours are left.
    expect(await run("get-budget", {})).toMatchObject({
      forecast: {
        expected: "$22.00",
        low: "$22.00",
        high: "$22.00",
        runs_out_on: "2026-11-26",
        based_on_days: 28,
      },
    });
    ledger.spend.clear();
  });

  test("says what is left of a conversation", async () => {
    const session = { spentNanos: usd("0.123456789"), heldNanos: 0, calls: 12 };
    ledger.usages.set("cust_one", usageOf({ session }));
    const { session: shown } = await run("get-budget", {}, contextOf(NOW, "s1"));
    expect(shown).toEqual({ spent: "$0.123456789", left: "$0.376543211", calls: 12, calls_left: 88 });
  });
});

test("every tool describes itself, its arguments and its result", () => {
  for (const tool of PLAIN_TOOLS) {
    expect(tool.title.length).toBeGreaterThan(3);
    expect(tool.description.length).toBeGreaterThan(60);
    expect(tool.annotations.readOnlyHint).toBe(true);
    expect(Object.keys(tool.output.shape).length).toBeGreaterThan(1);
  }
});
