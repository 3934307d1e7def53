import { usd } from "../../../litellm-config";
import type { Customer, Gateway } from "../../support/gateway";

/** What happens at 50, 80, 95 and 100 % of a month. */
export function degrade(gateway: Gateway): void {
  const crossings = (customer: Customer) =>
    gateway.stack.ledger.query<{ percent: number; action: string; spent_nanos: number }>(
      "SELECT * FROM ledger.crossings WHERE customer_id = $1 ORDER BY percent",
      [customer.id],
    );

  test("just below 95 % the model asked for answers", async () => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInMonth(usd("0.41"));
    const { status, headers } = await customer.call("analysis");
    expect(status).toBe(200);
    expect(headers.get("x-tollgate-decision")).toBe("allowed");
    expect(headers.get("x-tollgate-reason")).toBe("ok");
    expect(headers.get("x-tollgate-model")).toBe("claude-sonnet-5-5");
  });

  test.each([
    ["a route", "analysis"],
    ["an expensive route", "deep"],
    ["a model", "claude-opus-5-5"],
  ])("at 95 %% a call to %s goes to the cheaper one, and its header says so", async (_, model) => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInMonth(usd("0.40"));
    const { status, headers } = await customer.call(model);
    expect(status).toBe(200);
    expect(headers.get("x-tollgate-decision")).toBe("degraded");
    expect(headers.get("x-tollgate-model")).toBe("gemini-3.5-flash-lite");
    const requests = await customer.requests();
    expect(requests.map((request) => request.model)).toEqual(["gemini-3.5-flash-lite"]);
    const { calls, billed, booked } = await customer.settled();
    expect(calls[0]).toMatchObject({ decision: "degraded", route: "economy", model_asked: model });
    expect(booked).toBe(billed);
  });

  test("what calls in flight hold counts: at 94.9 % and a large hold, the next call is degraded", async () => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInMonth(usd("0.41"));
    await customer.behave({ outputTokens: 10, latencyMs: 1_500 });
    const first = customer.call("analysis", { body: { max_tokens: 2_000 } });
    await new Promise((passed) => setTimeout(passed, 700));
    const second = await customer.call("analysis", {
      metadata: { session_id: "s2" },
      body: { max_tokens: 50 },
    });
    expect((await first).headers.get("x-tollgate-decision")).toBe("allowed");
    expect(second.headers.get("x-tollgate-decision")).toBe("degraded");
  });

  test("the cheaper route's fallback is used when its own model fails", async () => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInMonth(usd("0.30"));
    await customer.behave({ model: "gemini-3.5-flash-lite", status: 503 });
    const { status, headers } = await customer.call("deep");
    expect(status).toBe(200);
    expect(headers.get("x-tollgate-model")).toBe("claude-haiku-5-5");
    const { billed, booked } = await customer.settled();
    expect(booked).toBe(billed);
  });

  test("each threshold is written once, by the call that crosses it, also when many cross it together", async () => {
    const customer = await gateway.customer("tier_1");
    await customer.leaveInMonth(usd("4.001"));
    await customer.behave({ outputTokens: 100 });
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => customer.call("deep", { metadata: { session_id: `s${i % 4}` } })),
    );
    await customer.settled();
    expect((await crossings(customer)).map(({ percent, action }) => [percent, action])).toEqual([
      [50, "log"],
    ]);

    await customer.leaveInMonth(usd("0.0002"));
    await customer.call("simple", { metadata: { session_id: "s9" } });
    await customer.call("simple", { metadata: { session_id: "s9" } });
    await customer.settled();
    expect((await crossings(customer)).map(({ percent, action }) => [percent, action])).toEqual([
      [50, "log"],
      [80, "notify"],
      [95, "degrade"],
      [100, "block"],
    ]);
  });
}
