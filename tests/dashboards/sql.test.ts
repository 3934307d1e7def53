import { Client } from "pg";
import { interpolateSql } from "../../local/dashboards/interpolate";
import { usd } from "../../litellm-config";
import {
  addCall,
  addCrossing,
  addCustomer,
  addRefusal,
  addSession,
  startLedger,
  type TestLedger,
} from "./support/ledger";
import { queriesOf } from "./support/panels";

let ledger: TestLedger;
let reader: Client;

beforeAll(async () => {
  ledger = await startLedger();
  const { owner } = ledger;
  await addCustomer(owner, "acme", usd("7.7"));
  await addSession(owner, "acme", "s1", usd("0.4"));
  await addCall(owner, { customer: "acme", session: "s1", trace: "a".repeat(32) });
  await addCall(owner, {
    customer: "acme",
    session: "s1",
    cacheHit: true,
    cost: 0,
    model: "gemini-3.8-flash",
  });
  await addCrossing(owner, "acme", 80, "1 minute");
  await addRefusal(owner, "acme", "session_budget", "1 minute");
  await owner.query("INSERT INTO ledger.brakes (scope, value, reason) VALUES ('tier', 'tier_1', 'a test')");
  await owner.query("INSERT INTO ledger.audit (actor, action, reason) VALUES ('ann', 'brake.on', 'a test')");
  reader = new Client(ledger.postgres.urls.ledger_reader);
  await reader.connect();
});

afterAll(async () => {
  await reader?.end();
  await ledger?.stop();
});

const run = async (sql: string) =>
  (await reader.query(interpolateSql(sql, { seconds: 3_600 }))).rows as Record<string, unknown>[];

describe("every SQL query, as the role that Grafana has", () => {
  it.each(queriesOf("ledger"))("%s runs and finds what is there", async (_where, sql, format) => {
    const rows = await run(sql);
    expect(rows.length).toBeGreaterThan(0);
    const [first] = rows;
    if (format !== "time_series") return;
    expect(Object.keys(first!)[0]).toBe("time");
    expect(Object.keys(first!)).toHaveLength(3);
  });
});

describe("what the tables say", () => {
  it("turns nano-dollars into dollars, exactly", async () => {
    const [today] = await run(sqlOf("executive-overview: Today"));
    expect(Number(today!.spend)).toBe(0.01);
    const [month] = await run(sqlOf("executive-overview: This month"));
    // Of calls: the rest of the 7.7 that the customer has spent was written into its month alone.
    expect(Number(month!.spend)).toBe(0.01);
  });

  it("counts revenue, cost and shares by tier, zeros included", async () => {
    const rows = await run(sqlOf("executive-overview: The month by tier"));
    expect(rows.map((row) => row.Tier)).toEqual(["tier_1", "tier_2", "tier_3"]);
    const [first, second] = rows;
    expect(Number(first!.Revenue)).toBe(49);
    expect(Number(first!["LLM cost"])).toBe(7.7);
    expect(Number(first!.Margin)).toBeCloseTo(41.3, 9);
    expect(first!["Cost share"]).toBeCloseTo(7.7 / 49, 9);
    expect(first!["Target share"]).toBeCloseTo(8 / 49, 9);
    // 96.25 %, rounded down.
    expect(first!["Budget used"]).toBeCloseTo(0.962, 9);
    expect(Number(second!.Revenue)).toBe(0);
    expect(second!["Cost share"]).toBeNull();
  });

  it("names the most expensive sessions with their trace and their share of the cap", async () => {
    const [session] = await run(sqlOf("llm-cost-operations: Ten most expensive sessions"));
    expect(session).toMatchObject({
      Customer: "acme",
      Session: "s1",
      Trace: "a".repeat(32),
      "Cap used": 0.8,
    });
  });

  it("counts customers by threshold", async () => {
    const rows = await run(sqlOf("executive-overview: Customers by budget used"));
    expect(rows).toEqual([
      { threshold: "50 %", customers: "1" },
      { threshold: "80 %", customers: "1" },
      { threshold: "95 %", customers: "1" },
      { threshold: "100 %", customers: "0" },
    ]);
  });

  it("filters by customer when one is chosen", async () => {
    const sql = sqlOf("llm-cost-operations: Ten most expensive sessions").replace(
      "${customer_id:sqlstring}",
      "'nobody'",
    );
    expect(await run(sql)).toEqual([]);
  });
});

describe("once calls are filed", () => {
  it("every query says what it said before, and the percentile is there", async () => {
    const { owner } = ledger;
    const age = "reserved_at = reserved_at - interval '2 minutes'";
    await owner.query(`UPDATE ledger.recent_calls SET ${age}`);
    const percentile = "llm-cost-operations: Cost of a call by query type";
    const answers = async () => {
      const found: [string, unknown][] = [];
      for (const [where, sql] of queriesOf("ledger"))
        if (!where.startsWith(percentile)) found.push([where, await run(sql)]);
      return found;
    };
    const withoutClock = (found: [string, unknown][]) =>
      found.filter(([where]) => !/Month at this pace|Cost by customer \(B\)/.test(where));
    const before = withoutClock(await answers());
    expect((await owner.query("SELECT ledger.file_calls(100) AS filed")).rows).toEqual([{ filed: 2 }]);
    expect(withoutClock(await answers())).toEqual(before);
    const [row] = await run(sqlOf(percentile));
    // Of one cent and of nothing, in the middle between them by 95 parts of 100.
    expect(Number(row!.p95)).toBeCloseTo(0.0095, 9);
  });

  it("a chosen customer's spend is that of its calls", async () => {
    const sql = sqlOf("llm-cost-operations: Spend by model");
    const rows = async (customer: string) => run(sql.replaceAll("${customer_id:sqlstring}", customer));
    const all = await run(sql);
    expect(all).toHaveLength(2);
    expect(await rows("'acme'")).toEqual(all);
    expect(await rows("'nobody', 'acme'")).toEqual(all);
    expect(await rows("'nobody'")).toEqual([]);
  });
});

function sqlOf(panel: string): string {
  return queriesOf("ledger").find(([where]) => where.startsWith(panel))![1];
}
