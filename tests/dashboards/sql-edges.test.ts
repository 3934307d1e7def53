import { Client } from "pg";
import { usd } from "../../litellm-config";
import type { Frame } from "../../local/dashboards/frames";
import type { Range } from "../../local/dashboards/interpolate";
import { askLedger } from "../../local/dashboards/sources/ledger";
import { addCall, addCrossing, addCustomer, addRefusal, addSession, startLedger } from "./support/ledger";
import type { TestLedger } from "./support/ledger";
import { queriesOf } from "./support/panels";

const queries = queriesOf("ledger");
const HOUR = 3_600;
const DAY = 24 * HOUR;

let ledger: TestLedger;
let client: Client;

beforeAll(async () => {
  ledger = await startLedger();
  client = new Client(ledger.postgres.urls.postgres);
  await client.connect();
});

afterAll(async () => {
  await client?.end();
  await ledger?.stop();
});

// Each test's rows are gone after it.
beforeEach(() => client.query("BEGIN"));
afterEach(() => client.query("ROLLBACK"));

/** A query's frames, as the role that Grafana has; `now()` is the end of the range. */
async function ask(rawSql: string, format: string, range: Range): Promise<Frame[]> {
  const now = range.end && `'${new Date(range.end).toISOString()}'::timestamptz`;
  const query = {
    refId: "A",
    datasource: { uid: "ledger", type: "" },
    rawSql: now ? rawSql.replaceAll("now()", now) : rawSql,
    format,
  };
  await client.query("SET LOCAL ROLE ledger_reader");
  try {
    return await askLedger(query, client, range);
  } finally {
    await client.query("RESET ROLE").catch(() => undefined);
  }
}

async function askPanel(panel: string, range: Range): Promise<Frame[]> {
  const [, rawSql, format] = queries.find(([where]) => where.startsWith(panel))!;
  return ask(rawSql, format, range);
}

const askAll = async (range: Range) => {
  const answers: Record<string, Frame[]> = {};
  for (const [where, rawSql, format] of queries) answers[where] = await ask(rawSql, format, range);
  return answers;
};

const column = ([frame]: Frame[], name: string) =>
  frame?.data.values[frame.schema.fields.findIndex((field) => field.name === name)];

describe("customers with odd names", () => {
  const ODD: [id: string, name: string][] = [
    ["quotes", `O'Brien & "Sons"`],
    ["percent", "100 % _organic_ \\ %s"],
    ["long", "Donaudampfschifffahrts".repeat(40)],
    ["rtl", "\u202eשלום\u202c مرحبا"],
    ["emoji", "🦊 Füchse\u200d"],
    ["html", `<img src=x onerror="alert(1)"><b>bold</b>`],
    ["macro", "$__timeFrom() ${customer_id:sqlstring} $tier $1 $&"],
    ["regex", "a.b|c(*)+[^d]?"],
    ["lines", "two\nlines\tand a tab"],
    ["customer_id", "customer_id"],
    ["All", "All"],
  ];
  const ids = ODD.map(([id]) => id);
  const RANGE: Range = { seconds: HOUR };

  beforeEach(async () => {
    for (const [id, name] of ODD) {
      await addCustomer(client, id, usd("1"));
      await client.query("UPDATE ledger.customers SET name = $2 WHERE customer_id = $1", [id, name]);
      await addSession(client, id, `${id}.a:b-c`, usd("0.1"));
      await addCall(client, { customer: id, session: `${id}.a:b-c`, queryType: "cost_analysis" });
      await addCrossing(client, id, 50, "1 minute");
      await addRefusal(client, id, "session_budget", "1 minute");
    }
  });

  it("are named as they are wherever a panel names them", async () => {
    const names = ODD.map(([, name]) => name).sort();
    const found = [
      column(await askPanel("llm-cost-operations: Cost by customer (A)", RANGE), "Customer"),
      column(await askPanel("llm-cost-operations: Fullest budgets", RANGE), "name"),
      column(await askPanel("llm-cost-operations: variable customer_id", RANGE), "__text"),
    ];
    for (const values of found) expect([...values!].sort()).toEqual(names);
  });

  it.each([
    ["all", {}, ids],
    ...ids.map((id): [string, Range["chosen"], string[]] => [id, { customer_id: [id] }, [id]]),
    ["several", { customer_id: ["quotes", "customer_id", "regex"] }, ["customer_id", "quotes", "regex"]],
    [
      "several, and tiers and models",
      { customer_id: ["html", "All"], tier: ["tier_1", "tier_2"] },
      ["All", "html"],
    ],
    ["another tier", { tier: ["tier_2"] }, []],
    ["an environment that is none", { environment: ["it's"] }, []],
  ])("are chosen exactly: %s", async (_name, chosen, expected) => {
    const range = { ...RANGE, chosen };
    const shown = column(await askPanel("llm-cost-operations: Cost by customer (A)", range), "customer_id");
    expect([...(shown ?? [])].sort()).toEqual([...expected].sort());
    await askAll(range);
  });
});

describe("times", () => {
  /** Moments at which a day, an hour or a month is unlike others, in UTC or where people live. */
  const MOMENTS = [
    ["before a month's end", "2026-02-28T23:30:00Z"],
    ["after a month's start", "2026-03-01T00:10:00Z"],
    ["in the hour that Los Angeles skips", "2026-03-08T10:20:00Z"],
    ["in the hour that Berlin skips", "2026-03-29T01:20:00Z"],
    ["in the hour that Berlin has twice", "2026-10-25T01:20:00Z"],
    ["in the hour that Los Angeles has twice", "2026-11-01T09:20:00Z"],
    ["on a leap day", "2028-02-29T12:00:00Z"],
    ["before a year's end", "2026-12-31T23:59:00Z"],
  ];
  const ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles"];

  async function setClock(now: Date): Promise<void> {
    await client.query(
      `CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
       AS 'SELECT timestamptz ''${now.toISOString()}'''`,
    );
  }

  /** Calls of a cent, so many seconds before a moment. */
  async function addCalls(now: Date, before: number[]): Promise<Date[]> {
    await addCustomer(client, "acme", 0);
    await addSession(client, "acme", "s", 0);
    for (const seconds of before) {
      const ago = `${Date.now() / 1000 - now.getTime() / 1000 + seconds} seconds`;
      await addCall(client, { customer: "acme", session: "s", ago });
    }
    return before.map((seconds) => new Date(now.getTime() - seconds * 1000));
  }

  it.each(MOMENTS.flatMap(([name, now]) => ZONES.map((zone) => [name!, zone, now!])))(
    "%s, for a reader in %s, days and months are UTC's",
    async (_name, zone, at) => {
      const now = new Date(at);
      const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate()];
      const days = Array.from({ length: 40 }, (_, i) => i * DAY);
      await setClock(now);
      const calls = await addCalls(now, [60, HOUR, 2 * HOUR, 25 * HOUR, ...days.map((each) => each + 300)]);
      await client.query(`SET LOCAL timezone = '${zone}'`);
      const range = { seconds: 30 * DAY, end: now.getTime() };
      const dollars = async (panel: string) =>
        Number(column(await askPanel(`executive-overview: ${panel}`, range), "spend")![0]);
      const since = (start: number) => calls.filter((each) => each.getTime() >= start).length / 100;

      expect(await dollars("Today")).toBeCloseTo(since(Date.UTC(year, month, day)), 9);
      const monday = day - ((now.getUTCDay() + 6) % 7);
      expect(await dollars("This week")).toBeCloseTo(since(Date.UTC(year, month, monday)), 9);
      const [start, end] = [Date.UTC(year, month), Date.UTC(year, month + 1)];
      expect(await dollars("This month")).toBeCloseTo(since(start), 9);
      const pace = (end - start) / Math.max(now.getTime() - start, HOUR * 1000);
      expect(await dollars("Month at this pace")).toBeCloseTo(since(start) * pace, 6);

      const [byDay] = await askPanel("executive-overview: Spend by day and tier", range);
      const [times, spend] = byDay!.data.values as number[][];
      expect(times!.filter((time) => time % (DAY * 1000) !== 0)).toEqual([]);
      const from = Math.floor((now.getTime() - range.seconds * 1000) / HOUR / 1000) * HOUR * 1000;
      expect(spend!.reduce((sum, each) => sum + each, 0)).toBeCloseTo(since(from), 9);
    },
  );

  it("every panel says the same to readers everywhere", async () => {
    const now = new Date("2026-03-29T01:20:00Z");
    await setClock(now);
    await addCalls(now, [60, HOUR, 2 * HOUR, 25 * HOUR]);
    const answers = [];
    for (const zone of ZONES) {
      await client.query(`SET LOCAL timezone = '${zone}'`);
      answers.push(await askAll({ seconds: 2 * DAY, end: now.getTime() }));
    }
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it("a month without a call is zero, not nothing", async () => {
    const now = new Date("2027-02-10T00:00:00Z");
    await setClock(now);
    await addCustomer(client, "acme", 0);
    const range = { seconds: 30 * DAY, end: now.getTime() };
    for (const panel of ["Today", "This week", "This month", "Month at this pace"])
      expect([panel, column(await askPanel(`executive-overview: ${panel}`, range), "spend")]).toEqual([
        panel,
        [0],
      ]);
    await askAll(range);
  });

  it.each([
    ["2026-02-27T12:00:00Z", "3", "2026-01-31"],
    ["2026-02-28T00:00:00Z", "5", "2026-02-28"],
    ["2026-03-30T23:59:00Z", "5", "2026-02-28"],
    ["2026-03-31T00:00:00Z", "7", "2026-03-31"],
    ["2028-02-29T00:00:00Z", "6", "2028-02-29"],
  ])("at %s a month that begins on the 31st has spent $%s", async (at, spent, starts) => {
    const now = new Date(at);
    await addCustomer(client, "acme", 0);
    await client.query("DELETE FROM ledger.customer_months");
    await client.query(
      "INSERT INTO ledger.billing_anchors (customer_id, since, day) VALUES ('acme', '-infinity', 31)",
    );
    for (const [month, dollars] of Object.entries({
      "2026-01-31": "3",
      "2026-02-28": "5",
      "2026-03-31": "7",
      "2028-02-29": "6",
    }))
      await client.query(
        `INSERT INTO ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, updated_at)
         SELECT 'acme', $1, tier, budget_nanos, $2, $1::date FROM ledger.tiers WHERE tier = 'tier_1'`,
        [month, usd(dollars)],
      );
    await setClock(now);
    const range = { seconds: DAY, end: now.getTime() };
    const { rows } = await client.query("SELECT month::text FROM ledger.customer_usage");
    expect(rows).toEqual([{ month: starts }]);
    expect(column(await askPanel("llm-cost-operations: Fullest budgets", range), "used")).toEqual([
      Number(spent) / 8,
    ]);
    const tiers = await askPanel("executive-overview: The month by tier", range);
    expect(column(tiers, "LLM cost")![0]).toBe(Number(spent));
  });

  it("a budget of nothing breaks no panel", async () => {
    await addCustomer(client, "acme", 0);
    await addSession(client, "acme", "s", 0);
    await addCall(client, { customer: "acme", session: "s" });
    await client.query("UPDATE ledger.customer_months SET cap_nanos = 0");
    const answers = await askAll({ seconds: HOUR });
    expect(column(answers["llm-cost-operations: Cost by customer (A)"]!, "Budget used")).toEqual([null]);
  });
});
