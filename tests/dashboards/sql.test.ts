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
  ledger = await startLedger(26_031);
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
    expect(Number(month!.spend)).toBe(7.7);
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
    expect(first!["Budget used"]).toBeCloseTo(0.9625, 9);
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

function sqlOf(panel: string): string {
  return queriesOf("ledger").find(([where]) => where.startsWith(panel))![1];
}
