import { langfuseName } from "../../app/conversation/prompts";
import { LangfuseStandIn } from "../support/langfuse-stand-in";
import { inOrder } from "../support/scripted-gateway";
import { startHarness, type Harness } from "./harness";

let langfuse: LangfuseStandIn;
let harness: Harness | undefined;
beforeEach(async () => {
  langfuse = new LangfuseStandIn();
  await langfuse.start();
});
afterEach(async () => {
  await harness?.stop();
  await langfuse.stop();
});

async function askOnce(): Promise<{ answer: unknown; prompt: string; seconds: number }> {
  harness!.gateway.reset(inOrder({ text: "So." }));
  const client = await harness!.connect();
  const started = performance.now();
  const result = await client.callTool({ name: "ask", arguments: { question: "What is my spend?" } });
  return {
    answer: (result.structuredContent as { answer: unknown }).answer,
    prompt: harness!.gateway.requests[0]!.messages[0]!.content!,
    seconds: (performance.now() - started) / 1_000,
  };
}

test("a prompt labelled production in Langfuse takes the repository's place, with its values", async () => {
  langfuse.prompts.set(langfuseName("assistant"), {
    prompt: "Today is {{today}} in {{project}}. {{left}}",
    version: 7,
  });
  harness = await startHarness(langfuse.environment);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { prompt } = await askOnce();
  expect(prompt).toBe("Today is 2026-11-24 in shop-prod. {{left}}");
});

test("without one there, the repository's is used", async () => {
  harness = await startHarness(langfuse.environment);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect((await askOnce()).prompt).toMatch(/^You are the cost assistant/);
});

test("traces have no texts where the stack leaves them out", async () => {
  harness = await startHarness({ ...langfuse.environment, TOLLGATE_TRACE_TEXTS: "none" });
  const client = await harness.connect();
  const call = { name: "get-spend", arguments: { from: "2026-11-17", to: "2026-11-19" } };
  harness.gateway.reset(inOrder({ toolCalls: [call] }, { text: "So it is." }));
  await client.callTool({ name: "ask", arguments: { question: "What is my spend?" } });
  await harness.stop();
  const said = JSON.stringify(langfuse.spans);
  expect(langfuse.spans.map(({ name }) => name)).toEqual(expect.arrayContaining(["ask", "get-spend"]));
  for (const text of ["What is my spend?", "So it is.", "2026-11-17"]) expect(said).not.toContain(text);
  expect(said).toContain("langfuse.trace.metadata.customer_id");
});

test("a Langfuse that never answers delays neither the start, nor an answer, nor the end by much", async () => {
  langfuse.hang = true;
  const starting = performance.now();
  harness = await startHarness(langfuse.environment);
  expect(performance.now() - starting).toBeLessThan(1_000);
  const { answer, prompt, seconds } = await askOnce();
  expect(answer).toBe("So.");
  expect(prompt).toMatch(/^You are the cost assistant/);
  expect(seconds).toBeLessThan(1);
  const stopping = performance.now();
  await harness.stop();
  expect(performance.now() - stopping).toBeLessThan(4_000);
});

test("a Langfuse that is not there changes nothing", async () => {
  const gone = { ...langfuse.environment, LANGFUSE_HOST: "http://127.0.0.1:9" };
  harness = await startHarness(gone);
  const { answer, seconds } = await askOnce();
  expect(answer).toBe("So.");
  expect(seconds).toBeLessThan(1);
});
