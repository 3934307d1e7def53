import { ANTHROPIC_KEY } from "../../../simulator/anthropic/read";
import { accessToken, eventsOf, useSimulator } from "./support";

const sim = useSimulator();

/** One request a wire, of which the cases differ only in the behaviour. */
const wires = {
  openai: {
    send: (prompt: string, stream: boolean) =>
      post(
        "/v1/chat/completions",
        { authorization: "Bearer any" },
        {
          model: "claude-sonnet-5-5",
          messages: [{ role: "user", content: prompt }],
          stream,
          ...(stream && { stream_options: { include_usage: true } }),
        },
      ),
    usage: /"usage":/,
    finish: /"finish_reason":"/,
  },
  anthropic: {
    send: (prompt: string, stream: boolean) =>
      post(
        "/v1/messages",
        { "x-api-key": ANTHROPIC_KEY, "anthropic-version": "2023-06-01" },
        {
          model: "claude-sonnet-5-5",
          max_tokens: 1_000,
          messages: [{ role: "user", content: prompt }],
          stream,
        },
      ),
    usage: /"usage":/,
    finish: /"stop_reason":"/,
  },
  vertex: {
    send: async (prompt: string, stream: boolean) => {
      const method = stream ? "streamGenerateContent?alt=sse" : "generateContent";
      return post(
        `/v1/projects/p/locations/global/publishers/google/models/gemini-3.8-flash:${method}`,
        { authorization: `Bearer ${await accessToken(sim.simulator.url)}` },
        { contents: [{ role: "user", parts: [{ text: prompt }] }] },
      );
    },
    usage: /"usageMetadata":/,
    finish: /"finishReason":"/,
  },
};

function post(path: string, headers: Record<string, string>, body: object): Promise<Response> {
  return fetch(sim.simulator.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

describe.each(["openai", "anthropic", "vertex"] as const)("on %s's wire", (name) => {
  const { send, usage, finish } = wires[name];
  const plainAndStream = [[false], [true]];
  const billed = async (call: ReturnType<typeof sim.marked>) => {
    for (;;) {
      const [request] = await call.requests();
      if (request) return request;
      await new Promise((next) => setTimeout(next, 10));
    }
  };

  describe.each(["cut_json", "error", "empty", "html"] as const)("a 200 with the body %s", (body) => {
    test.each(plainAndStream)("is not an answer, and billed in full (stream %p)", async (stream) => {
      const call = sim.marked();
      await call.behave({ body, outputTokens: 20 });
      const response = await send(call.prompt, stream);
      const text = await response.text();
      expect(response.status).toBe(200);
      if (body !== "cut_json") expect(text).not.toMatch(finish);
      if (body === "error") expect(JSON.parse(text)).toHaveProperty("error");
      else expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError);
      expect(await billed(call)).toMatchObject({ outcome: "unreadable", usage: { completionTokens: 20 } });
    });
  });

  test.each(plainAndStream)(
    "the usage is reported as configured, and the bill is true (stream %p)",
    async (stream) => {
      for (const [kind, pattern] of Object.entries({
        null: /"usage(Metadata)?":null/,
        null_fields: /[tT]oken(s|Count)":null/,
        text: /[tT]oken(s|Count)":"\d+"/,
        float: /[tT]oken(s|Count)":\d+\.5/,
        negative: /[tT]oken(s|Count)":-\d/,
        zero: /[tT]oken(s|Count)":0[,}]/,
      })) {
        const call = sim.marked();
        await call.behave({ usage: kind, outputTokens: 20 });
        expect(await (await send(call.prompt, stream)).text()).toMatch(pattern);
        expect(await billed(call)).toMatchObject({ usage: { completionTokens: 20 } });
      }
      const call = sim.marked();
      await call.behave({ usage: "omitted", outputTokens: 20 });
      expect(await (await send(call.prompt, stream)).text()).not.toMatch(usage);
      const partial = sim.marked();
      await partial.behave({ usage: "partial", outputTokens: 20 });
      const text = await (await send(partial.prompt, stream)).text();
      expect(text).toMatch(/(prompt|input)_?[tT]oken/);
      expect(text).not.toMatch(/(completion_tokens|output_tokens|candidatesTokenCount)":/);
    },
  );

  test.each([
    [{ transport: "informational" }, 200],
    [{ transport: "trailers" }, 200],
    [{ transport: "close_delimited" }, 200],
    [{ transport: "byte_order_mark" }, 200],
    [{ transport: "headers_twice" }, 200],
    [{ successStatus: 206 }, 206],
    [{ dripMs: 1 }, 200],
  ])("a whole answer sent in an unusual way: %j", async (behaviour, status) => {
    for (const stream of [false, true]) {
      const call = sim.marked();
      await call.behave({ ...behaviour, outputTokens: 3 });
      const response = await send(call.prompt, stream);
      const text = await response.text();
      expect([response.status, finish.test(text)]).toEqual([status, true]);
      expect(await billed(call)).toMatchObject({ outcome: "success", usage: { completionTokens: 3 } });
    }
  });

  test.each([["length_beyond"], ["length_below"], ["head_only"]])(
    "a body that does not come whole: %s",
    async (transport) => {
      const call = sim.marked();
      await call.behave({ transport, outputTokens: 3 });
      await expect(send(call.prompt, false).then((response) => response.json())).rejects.toThrow();
      expect(await billed(call)).toMatchObject({ usage: { completionTokens: 3 } });
    },
  );

  test.each([["keep_alives"], ["text"]])("an answer that never ends: %s", async (forever) => {
    for (const stream of [false, true]) {
      const call = sim.marked();
      await call.behave({ forever, outputTokens: 3 });
      const response = await send(call.prompt, stream);
      await expect(
        Promise.race([response.text(), new Promise((passed) => setTimeout(passed, 200, "on"))]),
      ).resolves.toBe("on");
      await response.body?.cancel().catch(() => undefined);
      expect(await billed(call)).toMatchObject({ outcome: "hung" });
    }
  });

  test("a usage that is repeated with smaller numbers comes last", async () => {
    const call = sim.marked();
    await call.behave({ usage: "shrinking", outputTokens: 40 });
    const text = await (await send(call.prompt, true)).text();
    const counts = [...text.matchAll(/(?:completion_tokens|output_tokens|candidatesTokenCount)":(\d+)/g)];
    expect(counts.map(([, count]) => Number(count)).slice(-2)).toEqual([40, 20]);
  });

  test("a stream without its finish reason ends cleanly and is billed in full", async () => {
    const call = sim.marked();
    await call.behave({ omitFinish: true, outputTokens: 20 });
    const text = await (await send(call.prompt, true)).text();
    expect(text).not.toMatch(finish);
    expect(await billed(call)).toMatchObject({ outcome: "success", usage: { completionTokens: 20 } });
  });

  test.each([[0], [2]])(
    "a connection that breaks after %d chunks is billed until there",
    async (cutAfterChunks) => {
      const call = sim.marked();
      await call.behave({ cutAfterChunks, outputTokens: 100, reasoningTokens: 50 });
      await expect(send(call.prompt, true).then((response) => response.text())).rejects.toThrow();
      expect(await billed(call)).toMatchObject({
        outcome: "cut",
        usage: { completionTokens: 50 + 8 * cutAfterChunks, reasoningTokens: 50 },
      });
    },
  );

  test.each([[false], [true]])(
    "an error event before the first text (after the opening %p)",
    async (afterOpening) => {
      const call = sim.marked();
      await call.behave({ errorAfterChunks: 0, afterOpening, outputTokens: 100 });
      const events = await eventsOf(await send(call.prompt, true));
      expect(events.at(-1)).toHaveProperty("error");
      if (name !== "vertex") expect(events.length > 1).toBe(afterOpening);
      expect(await billed(call)).toMatchObject({ outcome: "cut", usage: { completionTokens: 0 } });
    },
  );

  test("several tokens for a byte, by a tokenizer that normalises", async () => {
    const call = sim.marked();
    await call.behave({ dense: true, normalises: true });
    await (await send(`${call.prompt}\u{fdfa}`, false)).text();
    expect((await billed(call)).usage.promptTokens).toBe(Buffer.byteLength(call.prompt) + 33 + 4);
  });

  test("a refusal with the configured retry-after", async () => {
    const call = sim.marked();
    await call.behave({ status: 503, retryAfter: "Fri, 27 Nov 2026 23:00:00 GMT" });
    const response = await send(call.prompt, true);
    expect([response.status, response.headers.get("retry-after")]).toEqual([
      503,
      "Fri, 27 Nov 2026 23:00:00 GMT",
    ]);
    expect(await billed(call)).toMatchObject({ outcome: "refused", costNanos: 0 });
  });
});
