/** What dies or goes away under the gateway: a worker, all of it, the ledger, Redis; and a month that ends. */
import { readFileSync } from "node:fs";
import { usd } from "../../litellm-config";
import { eventually, scrape, total, useGateway, type Customer } from "../support/gateway";

/** Seconds. The gate ends a call ten seconds before its hold would expire, and sweeps every fifteen or so. */
const LEASE = 16;
const gateway = useGateway({
  workers: 2,
  gateway: { requestTimeout: 2, retries: 1, holdLease: LEASE, settleMargin: 5 },
});

const MODEL = "claude-sonnet-5-5";
const UNTIL_CHARGED = LEASE + 25;

/** Process ids of LiteLLM's workers: the children of the gateway that serve. */
function workers(): number[] {
  const { pid } = gateway.stack.gateway;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).map(Number);
  return children.filter((child) => /spawn_main/.test(readFileSync(`/proc/${child}/cmdline`, "utf8")));
}

/** Begins streams of a second and a half, and returns once the provider has them. */
async function begin(customer: Customer, count: number, total = count): Promise<Promise<unknown>[]> {
  await customer.behave({ chunkDelayMs: 150, outputTokens: 80 });
  const body = { stream: true, max_tokens: 80 };
  const running = Array.from({ length: count }, () => customer.call(MODEL, { body }).catch(() => undefined));
  await eventually("the reservations", async () => (await customer.calls()).length === total);
  await new Promise((passed) => setTimeout(passed, 300));
  return running;
}

test("a worker killed while it holds: its holds are charged after their lease, and the other worker goes on", async () => {
  const customer = await gateway.customer("tier_3");
  const before = await scrape(gateway.stack.gateway.url);
  let settled: Awaited<ReturnType<Customer["settled"]>>;
  let expired: (typeof settled.calls)[number][] = [];
  // Which worker gets a connection is the kernel's choice: one that held nothing is replaced, and the next is killed.
  for (let round = 1; round <= 4 && expired.length === 0; round++) {
    await eventually("two workers", async () => workers().length === 2, 60);
    const running = await begin(customer, 12, 12 * round);
    process.kill(workers()[round % 2]!, "SIGKILL");
    await Promise.all(running);
    settled = await customer.settled(UNTIL_CHARGED);
    expired = settled.calls.filter(({ outcome }) => outcome === "expired");
  }
  const { billed, booked } = settled!;
  expect(expired.length).toBeGreaterThan(0);
  for (const { cost_nanos, held_nanos } of expired) expect(cost_nanos).toBe(held_nanos);
  expect(booked).toBeGreaterThanOrEqual(billed);
  const next = await eventually("a call that is answered", async () => {
    const reply = await customer.call(MODEL, { body: { max_tokens: 10 } }).catch(() => undefined);
    return reply?.status === 200 && reply;
  });
  expect(next.headers.get("x-tollgate-decision")).toBe("allowed");
  const samples = await scrape(gateway.stack.gateway.url);
  expect(total(samples, "tollgate_guard_holds_expired_total")).toBe(
    total(before, "tollgate_guard_holds_expired_total") + expired.length,
  );
  await eventually(
    "a gauge without the dead worker's holds",
    async () => total(await scrape(gateway.stack.gateway.url), "tollgate_guard_holds_in_flight") === 0,
    20,
  );
}, 240_000);

test("the whole gateway killed: what it held stays held, is charged after its lease, and is never spent twice", async () => {
  const customer = await gateway.customer("tier_3");
  const left = usd("0.01");
  await customer.leaveInSession(left);
  const running = await begin(customer, 4);
  gateway.stack.gateway.kill("SIGKILL");
  await Promise.all(running);
  const { held_nanos } = await gateway.stack.ledger.session(customer.id, customer.sessionId);
  expect(held_nanos).toBeGreaterThan(0);
  await gateway.stack.restartGateway();
  const { billed, booked } = await customer.settled(UNTIL_CHARGED);
  expect(booked).toBe(held_nanos);
  expect(booked).toBeGreaterThanOrEqual(billed);
  expect(booked).toBeLessThanOrEqual(left);
  const { status } = await customer.call(MODEL, { body: { max_tokens: 5 } });
  expect([200, 402]).toContain(status);
}, 120_000);

/** Stops a service for as long as something runs. */
async function without(service: "postgres" | "redis", run: () => Promise<void>): Promise<void> {
  const { stack } = gateway;
  await stack[service].stop();
  try {
    await run();
  } finally {
    await (service === "postgres" ? stack.restartPostgres() : stack.restartRedis());
  }
}

test("the ledger stopped: every call is a 503 and reaches no provider; started again: calls are answered", async () => {
  const customer = await gateway.customer();
  await without("postgres", async () => {
    for (let i = 0; i < 4; i++) {
      const began = Date.now();
      const { status, body } = await customer.call(MODEL);
      const { code, type, message } = body.error!;
      expect([status, code, type]).toEqual([503, "ledger_unavailable", "service_unavailable"]);
      expect(message).not.toMatch(/postgres|asyncpg|127\.0\.0\.1|connect call/i);
      expect(Date.now() - began).toBeLessThan(8_000);
    }
    expect(await customer.requests()).toEqual([]);
  });

  const reply = await eventually("a call that is answered", async () => {
    const answer = await customer.call(MODEL);
    return answer.status === 200 && answer;
  });
  expect(reply.headers.get("x-tollgate-decision")).toBe("allowed");
  const samples = await scrape(gateway.stack.gateway.url);
  const errors = total(samples, "tollgate_guard_ledger_errors_total", { operation: "reserve" });
  expect(errors).toBeGreaterThanOrEqual(4);
}, 90_000);

test("the ledger stopped under calls in flight: they are answered, and booked when it is back", async () => {
  const customer = await gateway.customer("tier_3");
  const running = await begin(customer, 6);
  await without("postgres", async () => {
    await Promise.all(running);
  });
  const { billed, booked, calls } = await customer.settled(UNTIL_CHARGED + 10);
  expect(calls).toHaveLength(6);
  expect(billed).toBeGreaterThan(0);
  expect(booked).toBeGreaterThanOrEqual(billed);
}, 90_000);

test("Redis stopped: the cache is gone, the calls go on and are paid", async () => {
  const customer = await gateway.customer();
  const away = async () => total(await scrape(gateway.stack.gateway.url), "tollgate_guard_ledger_away");
  await eventually("the ledger back at every worker", async () => (await away()) === 0);
  await without("redis", async () => {
    for (let i = 0; i < 3; i++) expect((await customer.call(MODEL)).status).toBe(200);
    const { billed, booked } = await customer.settled();
    expect(booked).toBe(billed);
    expect(billed).toBeGreaterThan(0);
  });
}, 90_000);

describe("the end of a month", () => {
  /** Moves the ledger's clock, which is a function of the schema, by a number of milliseconds. */
  const shiftClock = (milliseconds: number) =>
    gateway.stack.ledger.query(
      `CREATE OR REPLACE FUNCTION ledger.clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE
       AS 'SELECT clock_timestamp() + interval ''${milliseconds} milliseconds'''`,
    );
  const nextMonth = () => {
    const now = new Date();
    return Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1);
  };
  afterEach(() => shiftClock(0));

  test("calls in flight are paid from the month they began in; the new one begins with its whole budget", async () => {
    const customer = await gateway.customer("tier_1");
    const midnight = nextMonth();
    await shiftClock(midnight - Date.now() - 1_200);
    await customer.leaveInMonth(usd("0.30"));
    const before = await gateway.stack.ledger.month(customer.id);
    const running = await begin(customer, 3);
    await shiftClock(midnight - Date.now());
    const fresh = await customer.call(MODEL, { body: { max_tokens: 10 }, metadata: { session_id: "new" } });
    expect(fresh.status).toBe(200);
    expect(fresh.headers.get("x-tollgate-decision")).toBe("allowed");
    await Promise.all(running);

    const { calls, month } = await customer.settled();
    const old = calls.filter(({ session_id }) => session_id !== "new");
    const [after] = calls.filter(({ session_id }) => session_id === "new");
    expect(new Set(calls.map((call) => call.month.getTime())).size).toBe(2);
    expect(month).toMatchObject({ spent_nanos: after!.cost_nanos, calls: 1 });
    const [closed] = await gateway.stack.ledger.query<{ spent_nanos: number; held_nanos: number }>(
      "SELECT * FROM ledger.customer_months WHERE customer_id = $1 ORDER BY month LIMIT 1",
      [customer.id],
    );
    expect(closed!.held_nanos).toBe(0);
    expect(closed!.spent_nanos).toBe(
      before.spent_nanos + old.reduce((sum, { cost_nanos }) => sum + cost_nanos!, 0),
    );
  });

  test("a customer who was blocked is answered from the first moment of the new month, without any job", async () => {
    const customer = await gateway.customer("tier_1");
    const midnight = nextMonth();
    await shiftClock(midnight - Date.now() - 60_000);
    await customer.leaveInMonth(0);
    expect((await customer.call("analysis")).body.error?.code).toBe("month_budget");
    await shiftClock(midnight - Date.now() + 1);
    const { status, headers } = await customer.call("analysis");
    expect(status).toBe(200);
    expect(headers.get("x-tollgate-decision")).toBe("allowed");
  });
});
