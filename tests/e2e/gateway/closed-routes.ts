import { AGENT_KEY, type Gateway } from "../../support/gateway";

/** Every way through LiteLLM but the metered routes is closed: the guard does not know what it would cost. */
export function closedRoutes(gateway: Gateway): void {
  const request = async (method: string, path: string, body?: object, headers = {}) =>
    fetch(gateway.stack.gateway.url + path, {
      method,
      headers: { "content-type": "application/json", authorization: `Bearer ${AGENT_KEY}`, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });

  test.each([
    ["/v1/completions"],
    ["/completions"],
    ["/engines/gemini-embedding-001/embeddings"],
    ["/openai/deployments/gemini-embedding-001/embeddings"],
    ["/v1/messages/count_tokens"],
    ["/v1/images/generations"],
    ["/v1/images/edits"],
    ["/v1/audio/speech"],
    ["/v1/audio/transcriptions"],
    ["/v1/moderations"],
    ["/v1/rerank"],
    ["/v1/batches"],
    ["/v1/messages/batches"],
    ["/v1/responses/x/cancel"],
    ["/v1/models"],
    ["/v1/files"],
    ["/v1/fine_tuning/jobs"],
    ["/v1/assistants"],
    ["/v1/threads"],
    ["/v1/vector_stores"],
    ["/v1/videos"],
    ["/v1/realtime"],
    ["/v1/ocr"],
    ["/v1/search/any"],
    ["/v1beta/models/simple:generateContent"],
    ["/models/simple:generateContent"],
    ["/engines/simple/completions"],
    ["/openai/v1/chat/completions"],
    ["/openai_passthrough/v1/chat/completions"],
    ["/anthropic/v1/messages"],
    ["/gemini/v1beta/models/x:generateContent"],
    ["/vertex_ai/v1/projects/p/locations/l/publishers/google/models/x:generateContent"],
    ["/bedrock/model/x/invoke"],
    ["/azure/openai/deployments/x/chat/completions"],
    ["/mistral/v1/chat/completions"],
    ["/vllm/v1/chat/completions"],
    ["/mcp"],
    ["/a2a/x"],
    ["/queue/chat/completions"],
    ["/health/test_connection"],
    ["/utils/transform_request"],
    ["/key/generate"],
    ["/model/new"],
    ["/config/update"],
    ["/cache/flushall"],
    ["/V1/EMBEDDINGS"],
    ["/v1//embeddings"],
    ["/v1/chat/completions/../embeddings"],
    ["/v1/chat/completions/x"],
  ])("POST %s is closed", async (path) => {
    const customer = await gateway.customer();
    const response = await request("POST", path, {
      ...customer.request("simple"),
      input: `[[${customer.id}]]`,
    });
    expect(response.status).toBe(404);
    expect(((await response.json()) as { error?: { code: string } }).error).toMatchObject({
      code: "route_closed",
      type: "not_found_error",
    });
    expect(await customer.requests()).toEqual([]);
  });

  test("a call whose path names the model is refused too", async () => {
    for (const path of [
      "/engines/claude-opus-5-5/chat/completions",
      "/openai/deployments/claude-opus-5-5/chat/completions",
    ]) {
      const customer = await gateway.customer();
      const { status } = await request("POST", path, customer.request("simple"));
      const { calls, billed, booked } = await customer.settled();
      expect([200, 404]).toContain(status);
      if (status === 200) expect([calls.length, booked]).toEqual([1, billed]);
      else expect(await customer.requests()).toEqual([]);
    }
  });

  test("chat completions without /v1 is guarded like with it", async () => {
    const customer = await gateway.customer();
    const { status } = await request("POST", "/chat/completions", customer.request("simple"));
    const { billed, booked } = await customer.settled();
    expect([200, 404]).toContain(status);
    expect(booked).toBe(billed);
    expect(billed > 0).toBe(status === 200);
  });

  test("a model without a price is a 400 that names the models there are", async () => {
    for (const model of [
      "gpt-9",
      "openai/claude-opus-5-5",
      "anthropic/claude-opus-5-5",
      "*",
      "all-proxy-models",
    ]) {
      const customer = await gateway.customer();
      const { status, body } = await customer.call(model);
      expect([status, body.error?.code]).toEqual([400, "unpriced_model"]);
      expect(body.error?.message).toContain("claude-sonnet-5-5");
      expect(await customer.requests()).toEqual([]);
    }
  });

  test.each([
    ["no messages", { messages: undefined }],
    ["messages that are not a list", { messages: "hello" }],
    ["an empty list of messages", { messages: [] }],
    ["a message that is not an object", { messages: ["hello"] }],
    ["a model that is not text", { model: ["simple"] }],
    ["no model", { model: undefined }],
    ["a stream that is not a boolean", { stream: "maybe" }],
  ])("a request with %s is a 400, and costs nothing", async (_, body) => {
    const customer = await gateway.customer();
    const reply = await customer.call("simple", { body });
    expect(reply.status).toBe(400);
    expect(reply.body.error).toMatchObject({ type: "invalid_request_error" });
    expect(["invalid_request", "unpriced_model"]).toContain(reply.body.error?.code);
    expect(await customer.requests()).toEqual([]);
  });

  test.each([["not json"], ["[]"], ['"text"'], ["null"], [""]])("the body %p is a 400", async (body) => {
    const response = await fetch(`${gateway.stack.gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${AGENT_KEY}` },
      body,
    });
    expect(response.status).toBe(400);
    expect(((await response.json()) as { error: { code: string } }).error.code).toMatch(
      /invalid_request|identity_missing/,
    );
  });

  test("a prompt longer than the model takes is a 400", async () => {
    const customer = await gateway.customer("tier_3");
    const { status, body } = await customer.call("gemini-3.1-pro-preview", {
      prompt: "x ".repeat(1_000_000),
    });
    expect([status, body.error?.code]).toEqual([400, "prompt_too_long"]);
    expect(await customer.requests()).toEqual([]);
  });
}
