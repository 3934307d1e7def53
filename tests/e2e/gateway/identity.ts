import { guardConfig } from "../../../litellm-config/render/guard";
import {
  AGENT_KEY,
  JUDGE_KEY,
  SIMPLE_KEY,
  eventually,
  scrape,
  total,
  type Gateway,
} from "../../support/gateway";
import { judgeRequest } from "../../support/langfuse/connections";

/** The customer is the one that the agent names in the request's metadata, and nothing else. */
export function identity(gateway: Gateway): void {
  test.each([
    ["customer_id", undefined],
    ["customer_id", ""],
    ["customer_id", 7],
    ["customer_id", "a b"],
    ["customer_id", "x".repeat(65)],
    ["customer_id", ["c-1"]],
    ["customer_id", null],
    ["session_id", undefined],
    ["session_id", ""],
    ["session_id", "a/b"],
    ["session_id", "x".repeat(129)],
    ["session_id", { $ne: "" }],
    ["query_type", undefined],
    ["query_type", "free_lunch"],
  ])("metadata.%s = %p is a 400 that names the field", async (field, value) => {
    const customer = await gateway.customer();
    const { status, body } = await customer.call("analysis", { metadata: { [field]: value } });
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type: "invalid_request_error" });
    expect(["identity_missing", "invalid_request"]).toContain(body.error?.code);
    expect(body.error?.message).toContain(field);
    expect(await customer.requests()).toEqual([]);
  });

  test.each([
    ["absent", undefined],
    ["null", null],
    ["a list", []],
    ["a text", '{"customer_id": "c-1"}'],
  ])("metadata that is %s is a 400", async (_, metadata) => {
    const customer = await gateway.customer();
    const { status, body } = await customer.call("analysis", { body: { metadata } });
    expect([status, body.error?.code]).toEqual([400, "identity_missing"]);
    expect(await customer.requests()).toEqual([]);
  });

  test("a customer that the ledger does not know, or that is disabled, is a 403", async () => {
    const customer = await gateway.customer();
    const unknown = await customer.call("analysis", { metadata: { customer_id: "nobody" } });
    expect([unknown.status, unknown.body.error?.code]).toEqual([403, "unknown_customer"]);
    expect(unknown.body.error?.type).toBe("permission_error");
    await gateway.stack.ledger.query(
      "UPDATE ledger.customers SET disabled_at = now() WHERE customer_id = $1",
      [customer.id],
    );
    const disabled = await customer.call("analysis");
    expect([disabled.status, disabled.body.error?.code]).toEqual([403, "unknown_customer"]);
    expect(await customer.requests()).toEqual([]);
  });

  test("a key of the list is accepted besides the agent's, and is limited to its routes", async () => {
    const customer = await gateway.customer();
    const headers = { authorization: `Bearer ${SIMPLE_KEY}` };
    expect((await customer.call("simple", { headers })).status).toBe(200);
    const { status, body } = await customer.call("deep", { headers });
    expect([status, body.error?.type, body.error?.code]).toEqual([
      403,
      "permission_error",
      "key_not_allowed",
    ]);
    expect(body.error?.message).toContain("simple");
    expect(await customer.requests()).toHaveLength(1);
    const samples = await scrape(gateway.stack.gateway.url);
    expect(total(samples, "tollgate_guard_decisions_total", { reason: "key_not_allowed" })).toBeGreaterThan(
      0,
    );
  });

  test("the judges' key is a separate customer with a session for each call, whatever Langfuse sends", async () => {
    const { judge } = guardConfig(gateway.stack.definitions);
    const ask = (changes: object, headers: Record<string, string> = {}) =>
      fetch(`${gateway.stack.gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${JUDGE_KEY}`, ...headers },
        body: JSON.stringify({ ...judgeRequest(judge.model, { type: "boolean" }), ...changes }),
      });
    for (let call = 0; call < 2; call++) expect((await ask({})).status).toBe(200);
    const rows = await eventually("both calls in the ledger", async () => {
      const calls = await gateway.stack.ledger.calls(judge.customer_id);
      return calls.length === 2 && calls.every(({ state }) => state === "posted") && calls;
    });
    expect(new Set(rows.map(({ session_id }) => session_id)).size).toBe(2);
    expect(rows.map(({ plan_tier, query_type, model_used }) => [plan_tier, query_type, model_used])).toEqual(
      Array(2).fill([judge.tier, judge.query_type, judge.model]),
    );
    const refused = [
      await ask({ model: "deep" }),
      await ask({}, { "x-tollgate-customer": "acme" }),
      await ask({ metadata: { customer_id: "acme" } }),
    ];
    expect(refused.map(({ status }) => status)).toEqual([403, 403, 400]);
    expect(await gateway.stack.ledger.calls(judge.customer_id)).toHaveLength(2);
  });

  test.each([
    ["no key", { authorization: "" }],
    ["another key", { authorization: "Bearer sk-wrong" }],
    ["the beginning of the key", { authorization: `Bearer ${AGENT_KEY.slice(0, -1)}` }],
  ])("%s is a 401", async (_, headers) => {
    const customer = await gateway.customer();
    const { status, body } = await customer.call("analysis", { headers });
    expect(status).toBe(401);
    expect(body.error).toMatchObject({ type: "authentication_error", code: "unauthorized" });
    expect(await customer.requests()).toEqual([]);
  });

  describe("another customer cannot be made to pay", () => {
    type Attempt = (victim: string) => { body?: Record<string, unknown>; headers?: Record<string, string> };
    const attempts: [string, Attempt][] = [
      ["user", (victim) => ({ body: { user: victim } })],
      [
        "litellm_metadata",
        (victim) => ({ body: { litellm_metadata: { customer_id: victim, session_id: "v" } } }),
      ],
      ["customer_id in the body", (victim) => ({ body: { customer_id: victim, customer: victim } })],
      ["safety_identifier", (victim) => ({ body: { safety_identifier: victim } })],
      ["litellm_session_id", () => ({ body: { litellm_session_id: "v", litellm_trace_id: "v" } })],
      ["extra_body", (victim) => ({ body: { extra_body: { metadata: { customer_id: victim } } } })],
      ["x-litellm-customer-id", (victim) => ({ headers: { "x-litellm-customer-id": victim } })],
      ["x-litellm-end-user-id", (victim) => ({ headers: { "x-litellm-end-user-id": victim } })],
      ["x-litellm-user-id", (victim) => ({ headers: { "x-litellm-user-id": victim } })],
      ["x-litellm-session-id", () => ({ headers: { "x-litellm-session-id": "v" } })],
      [
        "x-litellm-spend-logs-metadata",
        (victim) => ({
          headers: { "x-litellm-spend-logs-metadata": JSON.stringify({ customer_id: victim }) },
        }),
      ],
      [
        "langfuse headers",
        (victim) => ({ headers: { langfuse_trace_user_id: victim, langfuse_session_id: "v" } }),
      ],
      ["x-tollgate-customer-id", (victim) => ({ headers: { "x-tollgate-customer-id": victim } })],
    ];

    test.each(attempts)("by %s", async (_, attempt) => {
      const victim = await gateway.customer();
      const payer = await gateway.customer();
      const { status } = await payer.call("simple", attempt(victim.id));
      expect([200, 400]).toContain(status);
      const { billed, calls } = await payer.settled();
      expect(calls).toHaveLength(status === 200 ? 1 : 0);
      expect(billed > 0).toBe(status === 200);
      expect(calls.map(({ session_id }) => session_id)).toEqual(calls.map(() => payer.sessionId));
      expect(await victim.calls()).toEqual([]);
    });

    test.each([
      ["plan_tier", { plan_tier: "tier_3" }],
      [
        "LiteLLM's own key fields",
        { user_api_key_user_id: "v", user_api_key_end_user_id: "v", user_api_key: "v" },
      ],
      ["trace_user_id", { trace_user_id: "v", trace_id: "ab" }],
      ["tags and headers", { tags: ["customer_id:v"], headers: { "x-litellm-customer-id": "v" } }],
    ])("nor a better tier be had, by metadata.%s", async (_, metadata) => {
      const customer = await gateway.customer("tier_1");
      await customer.leaveInMonth(0);
      const { status } = await customer.call("analysis", { metadata });
      expect([400, 402]).toContain(status);
      expect(await customer.requests()).toEqual([]);
    });
  });

  test("the same session id at two customers is two sessions", async () => {
    const [one, other] = [await gateway.customer(), await gateway.customer()];
    await one.leaveInSession(0);
    expect((await one.call("simple")).status).toBe(402);
    expect((await other.call("simple")).status).toBe(200);
    const { session, billed } = await other.settled();
    expect(session).toMatchObject({ spent_nanos: billed, calls: 1 });
  });

  test("the ledger's row has the tags; environment is the gateway's by default", async () => {
    const customer = await gateway.customer("tier_2");
    const metadata = { query_type: "action", gcp_project: "acme-prod", tools_invoked: ["bigquery_billing"] };
    await customer.call("simple", { metadata });
    await customer.call("simple", { metadata: { ...metadata, environment: "dev" } });
    const { calls } = await customer.settled();
    expect(calls[0]).toMatchObject({
      ...metadata,
      customer_id: customer.id,
      session_id: customer.sessionId,
      plan_tier: "tier_2",
      model_asked: "simple",
      model_used: "gemini-3.8-flash",
      route: "simple",
      decision: "allowed",
      state: "posted",
      outcome: "success",
      environment: "local",
    });
    expect(calls[1]?.environment).toBe("dev");
  });
}
