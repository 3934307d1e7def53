import { inOrder } from "../support/scripted-gateway";
import { KEY, startHarness, type Harness } from "./harness";

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(() => harness.stop());

describe.each([
  ["2025 with a session", false],
  ["2026-07-28", true],
])("a client of MCP %s", (_, modern) => {
  test("asks a question: the model calls a tool, the answer streams", async () => {
    harness.gateway.reset(
      inOrder(
        { toolCalls: [{ name: "compare-periods", arguments: { period: "last_week" } }] },
        { text: "BigQuery rose by $513." },
      ),
    );
    const client = await harness.connect(KEY, modern);
    const streamed: string[] = [];
    const result = await client.callTool(
      { name: "ask", arguments: { question: "Why did my costs go up last week?" } },
      { onprogress: ({ message }) => streamed.push(message ?? "") },
    );
    expect(result.isError).toBeFalsy();
    expect(result.structuredContent).toMatchObject({
      answer: "BigQuery rose by $513.",
      query_type: "cost_analysis",
      route: "analysis",
      models: ["claude-sonnet-5-5"],
      degraded: false,
      refused: null,
      tools_used: ["compare-periods"],
      llm_calls: 2,
    });
    expect(streamed).toEqual(["BigQuery ", "rose ", "by ", "$513."]);
  });
});
