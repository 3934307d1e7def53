import { usd } from "../../../litellm-config";
import type { CallRow, Customer, Gateway } from "../../support/gateway";

const MINUTE = 60_000;

/** Tokens a minute and calls a session: what stops a runaway agent. */
export function limits(gateway: Gateway): void {
  const tokensOf = ({ prompt_tokens, completion_tokens }: CallRow) =>
    (prompt_tokens ?? 0) + (completion_tokens ?? 0);
  /** The most tokens that any minute of a session had. */
  const densestMinute = (calls: CallRow[]) =>
    Math.max(
      ...calls.map(({ reserved_at: start }) =>
        calls
          .filter(({ reserved_at: at }) => at >= start && at.getTime() < start.getTime() + MINUTE)
          .reduce((sum, call) => sum + tokensOf(call), 0),
      ),
    );

  test("tokens a minute: 40 parallel calls never pass 50,000, and refusals say when to retry", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 3_000, latencyMs: 200 });
    const replies = await Promise.all(
      Array.from({ length: 40 }, () =>
        customer.call("gemini-3.5-flash-lite", { body: { max_tokens: 3_000 } }),
      ),
    );
    const { calls } = await customer.settled();
    expect(densestMinute(calls)).toBeLessThanOrEqual(50_000);
    expect(densestMinute(calls)).toBeGreaterThan(40_000);
    const refused = replies.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const { status, body, headers } of refused) {
      expect(status).toBe(429);
      expect(body.error).toMatchObject({ type: "rate_limit_error", code: "tokens_per_minute" });
      expect(Number(headers.get("retry-after"))).toBeGreaterThanOrEqual(1);
      expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(60);
    }
  });

  test("tokens a minute are a session's own", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 45_000 });
    const body = { max_tokens: 45_000 };
    const first = await customer.call("gemini-3.5-flash-lite", { body });
    const second = await customer.call("gemini-3.5-flash-lite", { body });
    const other = await customer.call("gemini-3.5-flash-lite", { body, metadata: { session_id: "s2" } });
    expect([first.status, second.status, other.status]).toEqual([200, 429, 200]);
  });

  /** Moves a session's calls into the past. */
  const age = (customer: Customer, seconds: number) =>
    gateway.stack.ledger.query(
      "UPDATE ledger.recent_calls SET reserved_at = reserved_at - make_interval(secs => $2) WHERE customer_id = $1",
      [customer.id, seconds],
    );

  test("a call waits for tokens that are free within two seconds, and is refused for those that are not", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 45_000 });
    const call = () => customer.call("gemini-3.5-flash-lite", { body: { max_tokens: 45_000 } });
    expect((await call()).status).toBe(200);
    await customer.settled();
    await age(customer, 40);
    const refused = await call();
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThanOrEqual(15);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(21);

    const passed = Date.now() - (await customer.calls())[0]!.reserved_at.getTime();
    await age(customer, (MINUTE - 1_200 - passed) / 1_000);
    const began = Date.now();
    expect((await call()).status).toBe(200);
    expect(Date.now() - began).toBeGreaterThan(800);
    expect(Date.now() - began).toBeLessThan(5_000);
  });

  test("a call with a minute's tokens of output is shortened, not refused for ever", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 65_000 });
    const { status } = await customer.call("gemini-3.5-flash-lite", { body: { max_tokens: 65_000 } });
    expect(status).toBe(200);
    expect(densestMinute((await customer.settled()).calls)).toBeLessThanOrEqual(50_000);
  });

  test("the 101st call of a session is a 429, and another session goes on", async () => {
    const customer = await gateway.customer("tier_3");
    await customer.behave({ outputTokens: 5 });
    const replies = await Promise.all(
      Array.from({ length: 110 }, () => customer.call("gemini-3.5-flash-lite", { body: { max_tokens: 20 } })),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(100);
    for (const { status, body, headers } of replies.filter((reply) => reply.status !== 200)) {
      expect([status, body.error?.type, body.error?.code]).toEqual([
        429,
        "rate_limit_error",
        "session_calls",
      ]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await customer.requests()).toHaveLength(100);
    expect((await customer.call("simple", { metadata: { session_id: "s2" } })).status).toBe(200);
  });

  test("month before session before calls before tokens: the first limit that is reached is the one named", async () => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInSession(0);
    expect((await customer.call("analysis")).body.error?.code).toBe("session_budget");
    await customer.leaveInMonth(0);
    expect((await customer.call("analysis")).body.error?.code).toBe("month_budget");
    const counted = await gateway.customer("tier_1");
    await counted.leaveInSession(usd("0.01"));
    await gateway.stack.ledger.query("UPDATE ledger.sessions SET calls = 100 WHERE customer_id = $1", [
      counted.id,
    ]);
    expect((await counted.call("simple")).body.error?.code).toBe("session_calls");
  });
}
