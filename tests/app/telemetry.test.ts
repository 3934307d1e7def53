import { TAGS } from "../../litellm-config";
import { LangfuseStandIn } from "../support/langfuse-stand-in";
import { inOrder } from "../support/scripted-gateway";
import { KEY, startHarness, type Harness } from "./harness";

const QUESTION = "Why did the marmalade costs spike?";
const ANSWER = "It was the secret-sauce query.";

let langfuse: LangfuseStandIn;
let harness: Harness;

// One whole life of an agent: what it left behind is looked at from every side.
beforeAll(async () => {
  langfuse = new LangfuseStandIn();
  await langfuse.start();
  harness = await startHarness(langfuse.environment);
  const client = await harness.connect();
  harness.gateway.reset(
    inOrder(
      {
        toolCalls: [
          { name: "list-anomalies", arguments: {} },
          { name: "get-spend", arguments: { from: "2026-11-20" } },
        ],
      },
      { text: ANSWER },
    ),
  );
  await client.callTool({ name: "ask", arguments: { question: QUESTION, session_id: "sess-9" } });
  await client.callTool({ name: "get-budget", arguments: {} });
  await client.listTools();
});
afterAll(async () => {
  await harness.stop();
  await langfuse.stop();
});

test("metrics are those of docs/interfaces.md", async () => {
  const metrics = await harness.metrics();
  for (const line of [
    'tollgate_agent_requests_total{method="initialize",outcome="ok"} 1',
    'tollgate_agent_requests_total{method="tools/call",outcome="ok"} 2',
    'tollgate_agent_requests_total{method="tools/list",outcome="ok"} 1',
    'tollgate_agent_query_seconds_count{query_type="cost_analysis",outcome="ok"} 1',
    'tollgate_agent_tool_runs_total{tool="ask",outcome="ok"} 1',
    'tollgate_agent_tool_runs_total{tool="list-anomalies",outcome="ok"} 1',
    'tollgate_agent_tool_runs_total{tool="get-spend",outcome="user_error"} 1',
    'tollgate_agent_tool_seconds_count{tool="get-budget"} 1',
    'tollgate_agent_llm_calls_per_query_sum{query_type="cost_analysis"} 2',
    "tollgate_agent_sessions_active 1",
    "tollgate_agent_conversation_turns_count 0",
    "# TYPE tollgate_agent_gcp_api_seconds histogram",
    "# TYPE tollgate_agent_provider_errors_total counter",
    "# TYPE nodejs_eventloop_lag_seconds gauge",
  ]) {
    expect(metrics).toContain(line);
  }
});

test("every set of labels is there from the start: a first error counts", async () => {
  const metrics = await harness.metrics();
  for (const line of [
    'tollgate_agent_requests_total{method="tools/call",outcome="error"} 0',
    'tollgate_agent_tool_runs_total{tool="list-assets",outcome="error"} 0',
    'tollgate_agent_query_seconds_count{query_type="action",outcome="error"} 0',
    'tollgate_agent_provider_errors_total{code="connection"} 0',
  ])
    expect(metrics).toContain(line);
});

test("log lines have the agreed fields and tags", () => {
  const logs = harness.logs();
  for (const line of logs) {
    expect(line).toMatchObject({
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: expect.stringMatching(/^(debug|info|warn|error)$/),
      service: "agent",
      environment: "local",
      event: expect.any(String),
      message: expect.any(String),
    });
  }
  expect(logs.map(({ event }) => event)).toEqual(
    expect.arrayContaining(["auth.accepted", "session.started", "tool.run", "query.answered"]),
  );
  expect(logs.find(({ event }) => event === "query.answered")).toMatchObject({
    customer_id: "cust_one",
    plan_tier: "tier_2",
    session_id: "sess-9",
    query_type: "cost_analysis",
    model_used: "claude-sonnet-5-5",
    gcp_project: "shop-prod",
    tools_invoked: ["list-anomalies", "get-spend"],
    environment: "local",
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    outcome: "ok",
    llm_calls: 2,
  });
});

test("log lines hold no question, no answer and no key", () => {
  const text = harness
    .logs()
    .map((line) => JSON.stringify(line))
    .join("\n");
  for (const secret of ["marmalade", "secret-sauce", KEY, "the-agents-own-key", "sk-lf-test"]) {
    expect(text).not.toContain(secret);
  }
});

test("a question is one trace in Langfuse, with session, customer and the eight tags", async () => {
  await harness.agent.stop();
  const root = langfuse.spans.find(({ name, attributes }) => name === "ask" && isAgent(attributes))!;
  const attributes = root.attributes;
  expect(attributes).toMatchObject({
    "user.id": "cust_one",
    "session.id": "sess-9",
    "langfuse.environment": "local",
    "langfuse.observation.input": QUESTION,
    "langfuse.observation.output": ANSWER,
    "langfuse.observation.metadata.prompt_version": "repository",
  });
  for (const tag of TAGS) expect(attributes).toHaveProperty([`langfuse.trace.metadata.${tag}`]);
  expect(attributes["langfuse.trace.tags"]).toEqual(
    expect.arrayContaining(["plan_tier:tier_2", "model_used:claude-sonnet-5-5", "query_type:cost_analysis"]),
  );

  // The root is the question: judges score its answer, and a session shows each question once.
  expect(root.parentSpanId).toBeUndefined();
  const inTrace = langfuse.spans.filter(({ traceId }) => traceId === root.traceId);
  expect(inTrace.filter(({ attributes }) => attributes["langfuse.trace.tags"] !== undefined)).toEqual([root]);
  expect(inTrace.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["ask", "llm-call analysis", "list-anomalies", "get-spend"]),
  );
  for (const span of inTrace.filter(({ name }) => name !== "ask")) {
    expect(span.attributes).toMatchObject({ "user.id": "cust_one", "session.id": "sess-9" });
  }
  const call = inTrace.find(({ name }) => name === "llm-call analysis")!;
  const sent = harness.gateway.requests[0]!.metadata;
  expect(sent).toMatchObject({ trace_id: root.traceId, parent_observation_id: call.spanId });
});

function isAgent(attributes: Record<string, unknown>): boolean {
  return attributes["langfuse.observation.type"] === "agent";
}
