import { FAILURES, type FailureCode } from "../../app/conversation/failures";
import { inOrder, type Scripted } from "../support/scripted-gateway";
import { says, startAsking, type Asking } from "./asking";
import { KEY, startHarness, type Harness } from "./harness";

let harness: Harness;
let ask: Asking["ask"];
beforeAll(async () => void ({ harness, ask } = await startAsking()));
afterAll(() => harness.stop());

describe("the guard's answers", () => {
  test.each([
    [402, "month_budget", "This month's budget is used up."],
    [402, "session_budget", "This conversation has reached its budget."],
    [429, "session_calls", "This conversation has reached its limit of steps."],
    [503, "ledger_unavailable", "The budget cannot be checked right now."],
    [503, "brake", "The assistant is paused."],
  ])("is the answer: %i %s", async (status, code, message) => {
    const { isError, answer, streamed } = await ask(
      "Why did costs spike?",
      inOrder({ refusal: { status, code, message, retryAfter: 3600 } }),
    );
    expect(isError).toBeFalsy();
    expect(answer).toMatchObject({ answer: message, refused: code, llm_calls: 1 });
    expect(streamed).toEqual([message]);
  });

  test("ends a conversation that had begun to call tools", async () => {
    const { answer } = await ask(
      "Why did costs spike?",
      inOrder(
        { toolCalls: [{ name: "list-anomalies", arguments: {} }] },
        { refusal: { status: 402, code: "session_budget", message: "No more." } },
      ),
    );
    expect(answer).toMatchObject({
      answer: "No more.",
      refused: "session_budget",
      tools_used: ["list-anomalies"],
    });
  });

  test.each(["tokens_per_minute", "budget_held", "customer_busy", "gateway_busy"])(
    "is waited for when it passes soon: %s",
    async (code) => {
      const started = Date.now();
      const { answer, streamed } = await ask(
        "What is my spend?",
        inOrder({ refusal: { status: 429, code, message: "Later.", retryAfter: 1 } }, { text: "So." }),
      );
      expect(answer).toMatchObject({ answer: "So.", refused: null, llm_calls: 2 });
      expect(streamed).toEqual([expect.stringMatching(/^Waiting /), "So."]);
      expect(Date.now() - started).toBeGreaterThanOrEqual(1_000);
    },
  );

  test("is the answer when waiting has not helped", async () => {
    const refusal = {
      status: 429,
      code: "budget_held",
      message: "Your other questions hold it.",
      retryAfter: 5,
    };
    const { answer, streamed } = await ask("What is my spend?", inOrder({ refusal }));
    expect(answer).toMatchObject({ answer: refusal.message, refused: "budget_held", llm_calls: 4 });
    expect(streamed).toHaveLength(4);
  });

  test("is warned when waiting would take long", async () => {
    const refusal = { status: 429, code: "tokens_per_minute", message: "Try again in 40 s.", retryAfter: 40 };
    const { answer } = await ask("What is my spend?", inOrder({ refusal }));
    expect(answer).toMatchObject({
      answer: "Try again in 40 s.",
      refused: "tokens_per_minute",
      llm_calls: 1,
    });
  });

  test.each([
    ["ok", /^So\.\n\n\(Answered by a lighter model, because 95 % of this month's budget/],
    ["session_budget", /^So\.\n\n\(Answered by a lighter model, because this conversation has nearly used/],
  ] as const)("is warned when it degraded the answer (%s)", async (reason, note) => {
    const reply = { text: "So.", decision: "degraded" as const, reason, model: "gemini-3.5-flash-lite" };
    const { answer, streamed } = await ask("Why did costs spike?", inOrder(reply));
    expect(answer).toMatchObject({ degraded: true, models: ["gemini-3.5-flash-lite"] });
    expect(answer.answer).toMatch(note);
    expect(streamed.join("")).toBe(answer.answer);
  });
});

describe("a question without an answer", () => {
  test.each<[string, Scripted, FailureCode, number]>([
    ["a provider's error", { refusal: { status: 500, message: "secret detail" } }, "provider_error", 1],
    [
      "a provider that is busy",
      { refusal: { status: 429, code: "429", message: "secret" } },
      "provider_busy",
      1,
    ],
    ["a provider that takes too long", { refusal: { status: 504, message: "secret" } }, "timeout", 1],
    [
      "an error of ours",
      { refusal: { status: 400, code: "invalid_request", message: "secret" } },
      "misconfigured",
      1,
    ],
    [
      "a customer who was disabled meanwhile",
      { refusal: { status: 403, code: "unknown_customer", message: "secret" } },
      "unknown_customer",
      1,
    ],
    [
      "a conversation that no model can read",
      { refusal: { status: 400, code: "context_length_exceeded", message: "secret" } },
      "too_long",
      1,
    ],
    [
      "a question that a provider's policy refuses",
      { refusal: { status: 400, code: "content_policy_violation", message: "secret" } },
      "safety_stop",
      1,
    ],
    ["a stream that breaks off", { text: "BigQuery ", cut: true }, "stream_cut", 1],
    ["a safety stop", { text: "", finish: "content_filter" }, "safety_stop", 1],
    ["a refusal", { text: "", refusalText: "I can't help with that." }, "model_refusal", 1],
    ["an empty answer", { text: "" }, "empty_answer", 2],
    ["nothing but white space", { text: "\n" }, "empty_answer", 2],
    ["nothing but thoughts", { thoughts: "Hm.", text: "" }, "thoughts_only", 2],
    ["thoughts until there is no room", { text: "", finish: "length" }, "thoughts_only", 2],
    [
      "a tool call that is cut off",
      { toolCalls: [{ name: "get-spend", arguments: '{"period": "last_' }], finish: "length" },
      "truncated_tool_call",
      2,
    ],
    [
      "a tool call that the provider could not read",
      { text: "", finish: "malformed_function_call" },
      "truncated_tool_call",
      2,
    ],
  ])("has its own sentence and metric: %s", async (_, reply, code, calls) => {
    const { isError, text } = await ask("What is my spend?", inOrder(reply));
    expect(isError).toBe(true);
    expect(text).toBe(FAILURES[code]);
    expect(harness.gateway.requests).toHaveLength(calls);
    const error = harness.logs().findLast(({ event }) => event === "provider.error");
    expect(error).toMatchObject({ code, customer_id: "cust_one", level: "error" });
    expect(JSON.stringify(error)).not.toContain("secret");
    const run = harness.logs().findLast(({ event }) => event === "tool.run");
    const isCustomers = ["unknown_customer", "too_long", "safety_stop", "model_refusal"].includes(code);
    expect(run).toMatchObject({ tool: "ask", outcome: isCustomers ? "user_error" : "error" });
    expect(await harness.metrics()).toMatch(
      new RegExp(`tollgate_agent_provider_errors_total\\{code="${code}"\\} [1-9]`),
    );
  });

  test("counts each kind from zero on", async () => {
    const metrics = await harness.metrics();
    for (const code of Object.keys(FAILURES)) {
      expect(metrics).toContain(`tollgate_agent_provider_errors_total{code="${code}"}`);
    }
  });

  test("promises nothing from waiting where waiting does not help", () => {
    const passing = new Set(["connection", "provider_busy", "provider_error", "store_unavailable"]);
    for (const [code, sentence] of Object.entries(FAILURES)) {
      expect({ code, promised: /in a minute|later/.test(sentence) }).toEqual({
        code,
        promised: passing.has(code),
      });
    }
    expect(new Set(Object.values(FAILURES)).size).toBe(Object.keys(FAILURES).length);
  });

  test.each<[string, Scripted]>([
    ["an empty answer", { text: "" }],
    ["thoughts only", { thoughts: "Hm.", text: "", finish: "length" }],
    ["a cut tool call", { toolCalls: [{ name: "get-spend", arguments: '{"per' }], finish: "length" }],
  ])("is asked for once more, with more room: %s", async (_, reply) => {
    const { answer } = await ask("What is my spend?", inOrder(reply, { text: "So." }));
    expect(answer).toMatchObject({ answer: "So.", llm_calls: 2 });
    const [first, second] = harness.gateway.requests;
    expect(second!.max_tokens).toBe(2 * first!.max_tokens);
    expect(second!.messages).toEqual(first!.messages);
  });

  test("keeps what was said before a safety stop, and says that it was stopped", async () => {
    const { answer } = await ask("What is my spend?", inOrder({ text: "About", finish: "content_filter" }));
    expect(answer.answer).toBe("About\n\n(The language model's safety filter stopped the answer here.)");
  });

  test.each([
    ["no JSON", '{"period": last_week}'],
    ["no object", '["last_week"]'],
    ["null", "null"],
  ])("sends no provider arguments that are %s", async (_, args) => {
    const script = inOrder({ toolCalls: [{ name: "get-spend", arguments: args }] }, { text: "So." });
    const { answer } = await ask("What is my spend?", script);
    expect(answer.answer).toBe("So.");
    const [call, result] = harness.gateway.requests[1]!.messages.slice(-2);
    expect(call!.tool_calls).toMatchObject([{ function: { name: "get-spend", arguments: "{}" } }]);
    expect(result!.content).toMatch(/not valid JSON/);
  });

  test("sends no provider a name that it would refuse", async () => {
    const call = { name: "get spend; drop", arguments: {} };
    await ask("What is my spend?", inOrder({ toolCalls: [call] }, { text: "So." }));
    const { tool_calls } = harness.gateway.requests[1]!.messages.at(-2)!;
    expect(tool_calls).toMatchObject([{ function: { name: "unknown" } }]);
  });

  test("says when the gateway cannot be reached", async () => {
    const url = harness.gateway.url;
    const own = await startHarness({ TOLLGATE_GATEWAY_URL: url.replace(/\d+$/, "1") });
    const lonely = await own.connect(KEY, true);
    const result = await lonely.callTool({ name: "ask", arguments: { question: "What is my spend?" } });
    await own.stop();
    expect(result).toMatchObject({ isError: true, content: [{ text: FAILURES.connection }] });
  });

  test("says when the conversation cannot be loaded", async () => {
    harness.store.down = true;
    const { isError, text } = await ask("What is my spend?", says("So."));
    harness.store.down = false;
    expect({ isError, text }).toEqual({ isError: true, text: FAILURES.store_unavailable });
    expect(harness.gateway.requests).toHaveLength(0);
  });

  test("says that an answer was cut short", async () => {
    const { answer } = await ask("What is my spend?", inOrder({ text: "It is", finish: "length" }));
    expect(answer.answer).toBe("It is\n\n(The answer was cut short. Ask for less at once to get all of it.)");
  });
});
