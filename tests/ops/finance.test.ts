import Ajv from "ajv";
import { parse } from "csv-parse/sync";
import { Client } from "pg";
import { definitions, usd } from "../../litellm-config";
import { exportMonth } from "../../ops/export/export";
import { readCharges, type Charge } from "../../ops/ledger/charges";
import type { RemoteCommand } from "../../ops/remote/run";
import { chargesOf } from "../../ops/reconcile/charges";
import { readAnthropic } from "../../ops/reconcile/anthropic";
import { nanosOf } from "../../ops/reconcile/bill";
import { compare } from "../../ops/reconcile/compare";
import { readVertex } from "../../ops/reconcile/vertex";
import { addCall, addCustomer, addSession, startLedger, type TestLedger } from "../dashboards/support/ledger";
import focus from "./contracts/focus-1.2.json";
import meterEvent from "./contracts/stripe-meter-event.json";

let ledger: TestLedger;
let admin: Client;
let month: string;

/** Amounts whose sum no floating number gets right. */
const COSTS = [1, 333_333_333, 10_000_000, 7_654_321, 0, 99_999_999_999];

beforeAll(async () => {
  ledger = await startLedger();
  admin = new Client(ledger.postgres.urls.ledger_admin);
  await admin.connect();
  const { owner } = ledger;
  const total = COSTS.reduce((sum, cost) => sum + cost, 0);
  await addCustomer(owner, "acme", total, usd("0.02"));
  await addSession(owner, "acme", "s", total);
  for (const [index, cost] of COSTS.entries()) {
    const model = index === 3 ? null : index === 2 ? "gemini-3.8-flash" : "claude-sonnet-5-5";
    await addCall(owner, { customer: "acme", session: "s", cost, model, ago: `${index} seconds` });
  }
  await addCall(owner, { customer: "acme", session: "s", state: "pending" });
  await owner.query(
    "UPDATE ledger.customers SET stripe_customer = 'cus_NciAYcXfLnqBoz', name = 'Acme, \"Inc\"'",
  );
  month = new Date().toISOString().slice(0, 7);
});

afterAll(async () => {
  await admin?.end();
  await ledger?.stop();
});

async function exported(format: string, grain?: "call" | "day") {
  let text = "";
  const totals = await exportMonth(admin, { month, format, grain }, (more) => void (text += more));
  return { text, totals };
}

const FORMATS: Record<string, RegExp> = {
  Decimal: /^-?\d+(\.\d+)?$/,
  "Date/Time": /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
  JSON: /^\{.*\}$/,
};

/** What a row of an export has that FOCUS's column definitions do not allow. */
function againstFocus(row: Record<string, string>): string[] {
  const columns: Record<string, { level: string; nulls: boolean; type: string; values?: string[] }> =
    focus.columns;
  const missing = Object.keys(columns).filter(
    (name) => columns[name]!.level === "Mandatory" && !(name in row),
  );
  return [
    ...missing.map((name) => `${name} is missing`),
    ...Object.entries(row).flatMap(([name, value]) => {
      const column = columns[name];
      if (!column) return [`${name} is not a column`];
      if (value === "") return column.nulls ? [] : [`${name} is empty`];
      const fits = column.values?.includes(value) ?? FORMATS[column.type]?.test(value) ?? true;
      return fits ? [] : [`${name} (is "${value}")`];
    }),
  ];
}

const sum = (amounts: number[]) => amounts.reduce((total, amount) => total + amount, 0);
const total = sum(COSTS);

describe("an export", () => {
  it.each(["call", "day"] as const)(
    "as CSV by %s adds up to what the ledger booked, to the nano-dollar",
    async (grain) => {
      const { text, totals } = await exported("csv", grain);
      const rows: Record<string, string>[] = parse(text, { columns: true });
      expect(rows).toHaveLength(grain === "call" ? COSTS.length : 3);
      expect(sum(rows.map((row) => Number(row.cost_nanodollars)))).toBe(total);
      expect(sum(rows.map((row) => usd(row.cost_usd!)))).toBe(total);
      expect(totals).toEqual({ rows: rows.length, chargedNanos: total, bookedNanos: total, pending: 1 });
      expect(sum(rows.map((row) => Number(row.calls)))).toBe(COSTS.length);
    },
  );

  it("says how far it is from what was booked, when calls are missing", async () => {
    await ledger.owner.query("UPDATE ledger.customer_months SET spent_nanos = spent_nanos + 1");
    try {
      const { totals } = await exported("csv");
      expect(totals.bookedNanos - totals.chargedNanos).toBe(1);
    } finally {
      await ledger.owner.query("UPDATE ledger.customer_months SET spent_nanos = spent_nanos - 1");
    }
  });

  it("has the calendar month's calls of a customer whose budget month began in the one before", async () => {
    const { owner } = ledger;
    // The budget month of every call began on the last day of the month before, where one of them was.
    try {
      await owner.query(`
        UPDATE ledger.customer_months SET month = month - 1;
        UPDATE ledger.recent_calls SET month = month - 1;
        UPDATE ledger.recent_calls SET reserved_at = ledger.month_of(now())::timestamp AT TIME ZONE 'UTC' - interval '1 second'
          WHERE cost_nanos = 333333333`);
      const { totals } = await exported("csv");
      expect(totals).toMatchObject({ chargedNanos: total - 333_333_333, bookedNanos: total - 333_333_333 });
    } finally {
      await owner.query(`
        UPDATE ledger.customer_months SET month = month + 1;
        UPDATE ledger.recent_calls SET month = month + 1;
        UPDATE ledger.recent_calls SET reserved_at = now() - interval '1 second' WHERE cost_nanos = 333333333`);
    }
  });

  it("as FOCUS has columns, types and values of the specification's version 1.2, and the ledger's total", async () => {
    for (const grain of ["day", "call"] as const) {
      const { text } = await exported("focus", grain);
      const rows: Record<string, string>[] = parse(text, { columns: true });
      expect(rows.flatMap(againstFocus)).toEqual([]);
      expect(sum(rows.map((row) => usd(row.BilledCost!)))).toBe(total);
      for (const row of rows) {
        expect(row.BillingPeriodStart! <= row.ChargePeriodStart!).toBe(true);
        expect(row.ChargePeriodStart! < row.ChargePeriodEnd!).toBe(true);
        expect(row.SubAccountName).toBe('Acme, "Inc"');
        expect(JSON.parse(row.Tags!)).toMatchObject({ plan_tier: "tier_1", query_type: "cost_analysis" });
      }
      expect(new Set(rows.map((row) => row.ProviderName))).toEqual(new Set(["Anthropic", "Google Cloud"]));
      const [row] = rows;
      expect(againstFocus({ ...row!, ServiceCategory: "AI", ListCost: "1,5", ServiceName: "" })).toHaveLength(
        3,
      );
    }
  });

  it("as Stripe's meter events is a line each that Stripe's OpenAPI takes, and the ledger's total", async () => {
    const takes = new Ajv({ formats: { "unix-time": true } }).compile(meterEvent.schema);
    expect(takes({ event_name: "x", payload: { value: 1 } })).toBe(false);
    for (const grain of ["day", "call"] as const) {
      const { text } = await exported("stripe", grain);
      const events = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown> & { payload: Record<string, string> });
      expect(sum(events.map(({ payload }) => Number(payload.value)))).toBe(total);
      expect(new Set(events.map(({ identifier }) => identifier)).size).toBe(events.length);
      for (const event of events) {
        expect(takes(event)).toBe(true);
        expect(event.payload).toEqual({
          stripe_customer_id: "cus_NciAYcXfLnqBoz",
          value: expect.stringMatching(/^\d{1,15}$/),
        });
        // Within the past 35 days or up to 5 minutes in the future, says the schema's description.
        expect(Math.abs(Number(event.timestamp) - Date.now() / 1_000)).toBeLessThan(300);
      }
    }
  });

  it("for Stripe of a customer without an id there is refused, with the remedy", async () => {
    await ledger.owner.query("UPDATE ledger.customers SET stripe_customer = NULL");
    try {
      await expect(exported("stripe")).rejects.toThrow(
        "Customers without a Stripe id: acme. Set it with `tollgate customers stripe",
      );
    } finally {
      await ledger.owner.query("UPDATE ledger.customers SET stripe_customer = 'cus_NciAYcXfLnqBoz'");
    }
  });

  it("reads a month that is longer than one batch", async () => {
    const { owner } = ledger;
    await owner.query(
      `INSERT INTO ledger.recent_calls SELECT (jsonb_populate_record(c, jsonb_build_object('call_id', gen_random_uuid(), 'cost_nanos', 3))).*
       FROM ledger.recent_calls c, generate_series(1, 5001) WHERE cost_nanos = 1`,
    );
    const batches: number[] = [];
    const totals = await readCharges(admin, month, "call", (charges) => void batches.push(charges.length));
    expect(totals.chargedNanos).toBe(total + 3 * 5_001);
    expect(batches.length).toBeGreaterThan(1);
    await owner.query("DELETE FROM ledger.recent_calls WHERE cost_nanos = 3");
  });
});

describe("a reconciliation", () => {
  const charge = (over: Partial<Charge>) =>
    ({
      provider: "anthropic",
      model: "claude-sonnet-5-5",
      day: "2026-11-03",
      costNanos: 0,
      ...over,
    }) as Charge;
  const usageReport = (output: number) => ({
    data: [
      {
        starting_at: "2026-11-03T00:00:00Z",
        ending_at: "2026-11-04T00:00:00Z",
        results: [
          {
            model: "claude-sonnet-5-5",
            uncached_input_tokens: 1_000,
            cache_read_input_tokens: 500,
            cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 10 },
            output_tokens: output,
            server_tool_use: { web_search_requests: 0 },
            api_key_id: null,
          },
        ],
      },
      { starting_at: "2026-11-04T00:00:00Z", ending_at: "2026-11-05T00:00:00Z", results: [] },
    ],
    has_more: false,
    next_page: null,
  });

  it("of a stack's charges reads what the export answers in its job, as the ledger here has them", async () => {
    const asked: unknown[] = [];
    const run = async (command: RemoteCommand) => {
      asked.push(command);
      return { exitCode: 0, stdout: (await exported("csv", "day")).text, stderr: "" };
    };
    const charges = await chargesOf("prod", [month], run);
    expect(asked).toEqual([
      {
        job: "admin",
        program: "export",
        args: ["--month", month, "--format", "csv", "--by", "day"],
      },
    ]);
    const here: Charge[] = [];
    await readCharges(admin, month, "day", (more) => void here.push(...more));
    expect(charges).toEqual(
      here.map(({ provider, day, model, costNanos }) => ({ provider, day, model, costNanos })),
    );
    const failing = () =>
      Promise.resolve({ exitCode: 1, stdout: "", stderr: "The ledger cannot be reached\n" });
    await expect(chargesOf("prod", [month], failing)).rejects.toThrow(
      `The export of ${month} in prod failed: The ledger cannot be reached`,
    );
  });

  it("prices Anthropic's tokens, and finds a day that the bill does not have", () => {
    const bill = readAnthropic(JSON.stringify(usageReport(200)));
    const { input, output, cacheRead, cacheWrite5m, cacheWrite1h } =
      definitions.models["claude-sonnet-5-5"]!.price;
    const exact = 1_000 * input + 500 * cacheRead + 100 * cacheWrite5m + 10 * cacheWrite1h + 200 * output;
    const charges = [
      charge({ costNanos: exact }),
      charge({ day: "2026-11-04", costNanos: 5 }),
      charge({ day: "2026-11-09", costNanos: 7 }),
      charge({ provider: "vertex", model: "gemini-3.8-flash", costNanos: 9 }),
    ];
    expect(compare("anthropic", bill, charges, 5)).toMatchObject([
      { day: "2026-11-03", billNanos: exact, differenceNanos: 0, differs: false },
      { day: "2026-11-04", billNanos: 0, differenceNanos: 5, differs: true },
    ]);
  });

  it.each([
    [100, 105, false],
    [100, 106, true],
    [100_000, 98_000, true],
  ])("of a bill of %d and %d charged, in millionths of a dollar, says %s", (bill, charged, differs) => {
    const lines = [{ day: "2026-11-03", model: "claude-sonnet-5-5", nanos: bill * 1_000 }];
    const [row] = compare(
      "anthropic",
      { lines, from: "2026-11-03", to: "2026-11-03" },
      [charge({ costNanos: charged * 1_000 })],
      5,
    );
    expect(row!.differs).toBe(differs);
  });

  it("reads Anthropic's cost report, whose amounts are cents, with dated model names and several pages", () => {
    const page = (day: string, amount: string, has_more: boolean) => ({
      data: [
        {
          starting_at: `${day}T00:00:00Z`,
          ending_at: `${day}T23:59:59Z`,
          results: [
            {
              currency: "USD",
              amount,
              model: "claude-haiku-4-5-20251001",
              description: "Claude Haiku 4.5 Usage",
            },
          ],
        },
      ],
      has_more,
      next_page: has_more ? "page_2" : null,
    });
    const bill = readAnthropic(
      JSON.stringify([page("2026-11-01", "123.78912", true), page("2026-11-02", "0.1", false)]),
    );
    expect(bill).toEqual({
      from: "2026-11-01",
      to: "2026-11-02",
      lines: [
        { day: "2026-11-01", model: "claude-haiku-4-5", nanos: 1_237_891_200 },
        { day: "2026-11-02", model: "claude-haiku-4-5", nanos: 1_000_000 },
      ],
    });
    expect(() => readAnthropic(JSON.stringify(page("2026-11-01", "1", true)))).toThrow("has_more");
  });

  it("reads Vertex AI's export, and keeps the words of a SKU that is not a model's", () => {
    const bill = readVertex(
      [
        "usage_start_time,sku,currency,cost",
        "2026-11-03 23:00:00 UTC,Gemini 3.8 Flash Text Input - Predictions,USD,0.0000075",
        "2026-11-03T09:00:00Z,Gemini 3.5 Flash Lite GA Text Output - Predictions,USD,1.2E-5",
        "2026-11-04 00:00:00 UTC,Vector Search Index Serving,USD,3",
      ].join("\n"),
    );
    expect(bill.lines).toEqual([
      { day: "2026-11-03", model: "gemini-3.8-flash", nanos: 7_500 },
      { day: "2026-11-03", model: "gemini-3.5-flash-lite", nanos: 12_000 },
      { day: "2026-11-04", model: "Vector Search Index Serving", nanos: usd("3") },
    ]);
  });

  it.each([
    ["{}", "It is not Anthropic's usage or cost report"],
    ["[", "It is not Anthropic's usage or cost report"],
    [
      '{"data":[{"starting_at":"2026-11-01T00:00:00Z","results":[{"model":null,"output_tokens":1}]}]}',
      "group_by[]=model",
    ],
    [
      '{"data":[{"starting_at":"2026-11-01T00:00:00Z","results":[{"model":"claude-9","output_tokens":1}]}]}',
      'model (is "claude-9")',
    ],
    ['{"data":[]}', "The report has no days"],
  ])("refuses %s", (text, message) => {
    expect(() => readAnthropic(text)).toThrow(message);
  });

  it.each([
    ["usage_start_time,sku,currency\n2026-11-03,x,USD", "no rows with cost"],
    ["usage_start_time,sku,currency,cost\nyesterday,x,USD,1", 'line 2: usage_start_time (is "yesterday")'],
    [
      "usage_start_time,sku,currency,cost\n2026-11-03 00:00:00 UTC,x,EUR,1",
      'line 2: currency (is "EUR") must be USD',
    ],
    ["usage_start_time,sku,currency,cost\n2026-11-03 00:00:00 UTC,x,USD,one", '"one" is not an amount'],
  ])("refuses %j", (text, message) => {
    expect(() => readVertex(text)).toThrow(message);
  });

  it.each([
    ["0.1", 0, 100_000_000],
    ["123.78912", 2, 1_237_891_200],
    ["-2.5", 0, -2_500_000_000],
    ["1e-9", 0, 1],
    ["0.0000000004999", 0, 0],
    ["12", 0, 12_000_000_000],
  ])("reads %s with the point moved by %d as %d nano-dollars", (text, places, nanos) => {
    expect(nanosOf(text, places)).toBe(nanos);
  });
});
