/** What one customer, or a silent ledger, may take from the others: places, connections, time. */
import { readFileSync } from "node:fs";
import { Pool } from "pg";
import { eventually, scrape, total, useGateway, type Customer, type Reply } from "../support/gateway";

const PLACES = 3;
const QUEUE = 5;
const gateway = useGateway({ gateway: { customerCalls: PLACES, customerQueue: QUEUE } });

const MODEL = "claude-sonnet-5-5";
const body = { max_tokens: 10 };
const together = (count: number, call: () => Promise<Reply>) =>
  Promise.all(Array.from({ length: count }, () => call()));
const codes = (replies: Reply[]) =>
  replies.map(({ status, body }) => (status === 200 ? "ok" : body.error?.code));

describe("a burst", () => {
  test("so many calls are in flight, so many wait, and the refused learn when to retry", async () => {
    const customer = await gateway.customer("tier_3");
    const busy = async () =>
      total(await scrape(gateway.stack.gateway.url), "tollgate_guard_decisions_total", {
        reason: "customer_busy",
      });
    const before = await busy();
    await customer.behave({ latencyMs: 1_000, outputTokens: 5 });
    const burst = together(20, () => customer.call(MODEL, { body }));
    const most = await eventually("a full lane", async () => {
      const pending = (await customer.calls()).filter(({ state }) => state === "pending").length;
      return pending === PLACES && pending;
    });
    // The ledger shows a reservation a moment before the gate has its answer.
    const queued = async () => total(await scrape(gateway.stack.gateway.url), "tollgate_guard_calls_queued");
    await eventually("a full queue", async () => (await queued()) === QUEUE);
    expect(most).toBe(PLACES);

    const replies = await burst;
    const refused = replies.filter(({ status }) => status !== 200);
    expect(refused).toHaveLength(20 - PLACES - QUEUE);
    for (const { status, headers, body } of refused) {
      expect([status, body.error?.type, body.error?.code]).toEqual([
        429,
        "rate_limit_error",
        "customer_busy",
      ]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
    }
    expect(await queued()).toBe(0);
    expect((await busy()) - before).toBe(refused.length);
  });

  test("a client that leaves the queue takes its call with it: no place, no hold, nothing sent", async () => {
    const customer = await gateway.customer("tier_3");
    const metric = async (name: string, labels?: Record<string, string>) =>
      total(await scrape(gateway.stack.gateway.url), name, labels);
    const left = () => metric("tollgate_guard_decisions_total", { reason: "client_left" });
    const before = await left();
    await customer.behave({ latencyMs: 3_000, outputTokens: 5 });
    const inFlight = together(PLACES, () => customer.call(MODEL, { body }));
    await eventually("a full lane", async () => (await customer.calls()).length === PLACES);
    const leave = new AbortController();
    const waiting = Array.from({ length: 2 }, () => customer.call(MODEL, { body, signal: leave.signal }));
    const gone = Promise.allSettled(waiting);
    await eventually("the queue", async () => (await metric("tollgate_guard_calls_queued")) === 2);
    leave.abort();
    await eventually("an empty queue", async () => (await metric("tollgate_guard_calls_queued")) === 0);
    expect((await gone).map(({ status }) => status)).toEqual(["rejected", "rejected"]);

    expect(codes(await inFlight)).toEqual(Array(PLACES).fill("ok"));
    const { billed, booked, calls, month } = await customer.settled();
    expect([calls.length, (await customer.requests()).length, month.held_nanos]).toEqual([PLACES, PLACES, 0]);
    expect(booked).toBe(billed);
    expect((await left()) - before).toBe(2);
  });

  test("another customer's call does not wait for it", async () => {
    const [busy, other] = [await gateway.customer("tier_3"), await gateway.customer("tier_3")];
    await busy.behave({ latencyMs: 2_000, outputTokens: 5 });
    let ended = false;
    const burst = together(PLACES + QUEUE, () => busy.call(MODEL, { body })).then((replies) => {
      ended = true;
      return replies;
    });
    await eventually("the burst", async () => (await busy.calls()).length === PLACES);
    for (let i = 0; i < 3; i++) expect((await other.call(MODEL, { body })).status).toBe(200);
    expect(ended).toBe(false);
    expect(codes(await burst)).toEqual(Array(PLACES + QUEUE).fill("ok"));
  });
});

test("a customer whose row is locked delays no other, and one connection at most waits for the lock", async () => {
  const [locked, other] = [await gateway.customer("tier_3"), await gateway.customer("tier_3")];
  const pool = new Pool({ connectionString: gateway.stack.postgres.urls.postgres, max: 1 });
  const lock = await pool.connect();
  try {
    await lock.query("BEGIN");
    await lock.query("SELECT FROM ledger.customers WHERE customer_id = $1 FOR UPDATE", [locked.id]);
    let answered = 0;
    const stuck = together(PLACES + QUEUE, async () => {
      const reply = await locked.call(MODEL, { body });
      answered++;
      return reply;
    });
    for (let i = 0; i < 3; i++) {
      expect((await other.call(MODEL, { body })).status).toBe(200);
      const [row] = await gateway.stack.ledger.query<{ waiting: number }>(
        `SELECT count(*)::bigint AS waiting FROM pg_stat_activity
         WHERE usename = 'ledger_guard' AND wait_event_type = 'Lock'`,
      );
      expect(row!.waiting).toBeLessThanOrEqual(1);
    }
    expect(answered).toBe(0);
    await lock.query("ROLLBACK");
    expect(codes(await stuck)).toEqual(Array(PLACES + QUEUE).fill("ok"));
  } finally {
    lock.release();
    await pool.end();
  }
});

describe("a ledger that is silent: it takes connections and answers nothing", () => {
  /** Postgres' processes: it works in children of its first. */
  const processes = (): number[] => {
    const { pid } = gateway.stack.postgres;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(/\s+/)
      .map(Number);
    return [pid, ...children];
  };
  const whileSilent = async (run: () => Promise<void>) => {
    const stopped = processes();
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    try {
      await run();
    } finally {
      for (const pid of stopped) process.kill(pid, "SIGCONT");
    }
  };
  const answered = (customer: Customer) =>
    eventually("a call that is answered", async () => (await customer.call(MODEL, { body })).status === 200);

  test("every call is a 503 at once after the first time-out, and calls go on by themselves when it answers", async () => {
    const customers = await Promise.all(Array.from({ length: 8 }, () => gateway.customer("tier_3")));
    for (const customer of customers) expect((await customer.call(MODEL, { body })).status).toBe(200);
    await whileSilent(async () => {
      const replies = await Promise.all(
        customers.flatMap((customer) => Array.from({ length: 5 }, () => customer.call(MODEL, { body }))),
      );
      for (const { status, headers, body } of replies) {
        expect([status, body.error?.code]).toEqual([503, "ledger_unavailable"]);
        expect(headers.get("retry-after")).toBe("1");
      }
      // The breaker is open: no call is sent to Postgres any more, so a hundred take no time-out each.
      const more = await together(100, () => customers[0]!.call(MODEL, { body }));
      expect(new Set(codes(more))).toEqual(new Set(["ledger_unavailable"]));
      const samples = await scrape(gateway.stack.gateway.url);
      expect(total(samples, "tollgate_guard_ledger_away")).toBe(1);
    });
    await answered(customers[0]!);
    const samples = await scrape(gateway.stack.gateway.url);
    expect(total(samples, "tollgate_guard_ledger_away")).toBe(0);
    // Postgres's part of the abandoned reservations is undone.
    for (const customer of customers) {
      const { calls } = await customer.settled();
      expect(calls.filter(({ outcome }) => outcome === "expired")).toEqual([]);
    }
  }, 60_000);

  test("calls in flight are answered, and booked when it is back", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ latencyMs: 1_500, outputTokens: 5 });
    const running = together(PLACES, () => customer.call(MODEL, { body }));
    await eventually("the reservations", async () => (await customer.calls()).length === PLACES);
    await whileSilent(async () => {
      expect(codes(await running)).toEqual(Array(PLACES).fill("ok"));
    });
    const { billed, booked, calls } = await customer.settled(30);
    expect(calls).toHaveLength(PLACES);
    expect(billed).toBeGreaterThan(0);
    expect(booked).toBe(billed);
  }, 60_000);
});

describe("a ledger or a cache that fails in other ways", () => {
  /** Sends calls of several customers while something is wrong, and some afterwards, which must all be answered. */
  const around = async (wrong: (calls: Promise<Reply[]>) => Promise<void>) => {
    const customers = await Promise.all(Array.from({ length: 4 }, () => gateway.customer("tier_3")));
    for (const customer of customers) await customer.behave({ latencyMs: 300, outputTokens: 5 });
    const calls = Promise.all(
      customers.flatMap((customer) =>
        Array.from({ length: PLACES + QUEUE }, () => customer.call(MODEL, { body })),
      ),
    );
    await wrong(calls);
    const replies = await calls;
    expect(["ok", "ledger_unavailable"]).toEqual(expect.arrayContaining([...new Set(codes(replies))]));
    for (const customer of customers) {
      await eventually(
        "a call that is answered",
        async () => (await customer.call(MODEL, { body })).status === 200,
      );
      const { billed, booked, month } = await customer.settled(30);
      expect([booked, month.held_nanos]).toEqual([billed, 0]);
    }
    return codes(replies);
  };

  test("every connection is cut in the middle of its statement", async () => {
    await around(async () => {
      for (let i = 0; i < 5; i++) {
        await gateway.stack.ledger.query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ledger_guard'",
        );
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
    });
  }, 60_000);

  test("a table is locked, so that every statement waits: calls are refused, and go on when it is free", async () => {
    const pool = new Pool({ connectionString: gateway.stack.postgres.urls.postgres, max: 1 });
    const lock = await pool.connect();
    try {
      await lock.query("BEGIN");
      await lock.query("LOCK TABLE ledger.recent_calls IN ACCESS EXCLUSIVE MODE");
      const replies = await around(async (calls) => {
        // Longer than a customer's rows are asked for.
        await new Promise((resolve) => setTimeout(resolve, 4_000));
        await lock.query("ROLLBACK");
        await calls;
      });
      expect(replies).toContain("ledger_unavailable");
    } finally {
      lock.release();
      await pool.end();
    }
  }, 60_000);

  test("the cache is silent: calls are answered without it", async () => {
    const { pid } = gateway.stack.redis;
    process.kill(pid, "SIGSTOP");
    try {
      const replies = await around(async (calls) => void (await calls));
      expect(new Set(replies)).toEqual(new Set(["ok"]));
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }, 120_000);
});
