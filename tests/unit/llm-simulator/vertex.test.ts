import { GoogleGenAI, type GenerateContentConfig, type GenerateContentResponse } from "@google/genai";
import Ajv from "ajv";
import { OAuth2Client } from "google-auth-library";
import contract from "../../../simulator/vertex/contract.json";
import { accessToken, eventsOf, useSimulator } from "./support";

const sim = useSimulator();
const MODEL = "gemini-3.8-flash";
/** Nano-dollars a token of {@link MODEL}, from Google's price page. */
const INPUT = 750;
const OUTPUT = 3_750;

let token: string;
let google: GoogleGenAI;
beforeAll(async () => {
  token = await accessToken(sim.simulator.url);
  const authClient = new OAuth2Client();
  authClient.setCredentials({ access_token: token, expiry_date: Date.now() + 3_600_000 });
  google = new GoogleGenAI({
    vertexai: true,
    project: "p",
    location: "global",
    googleAuthOptions: { authClient },
    // Given a fetch, the SDK leaves out its own dispatcher, which does not find Node's in jest's sandbox.
    httpOptions: { baseUrl: sim.simulator.url, fetch },
  });
});

const ask = (prompt: string, config: GenerateContentConfig = {}) =>
  google.models.generateContent({ model: MODEL, contents: prompt, config });

const post = (body: object, path = `${MODEL}:generateContent`, location = "global", bearer = token) =>
  fetch(`${sim.simulator.url}/v1/projects/p/locations/${location}/publishers/google/models/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body),
  });

const contents = (text: string) => [{ role: "user", parts: [{ text }] }];
const TOOLS = [
  { functionDeclarations: ["compare-periods", "list-anomalies", "get-spend"].map((name) => ({ name })) },
];

/** Google's discovery document as a JSON schema that allows no other field. */
function schemaOf(name: string): object {
  const convert = (schema: Record<string, unknown>): Record<string, unknown> => {
    if (schema.$ref) return { $ref: `#/definitions/${String(schema.$ref)}` };
    if (schema.type === "any") return {};
    const { properties, items, additionalProperties, ...rest } = schema;
    const nested = (each: unknown) => convert(each as Record<string, unknown>);
    return {
      ...rest,
      ...(items !== undefined && { items: nested(items) }),
      ...(schema.type === "object" && {
        properties: Object.fromEntries(
          Object.entries(properties ?? {}).map(([key, each]) => [key, nested(each)]),
        ),
        additionalProperties: additionalProperties ? nested(additionalProperties) : false,
      }),
    };
  };
  const definitions = Object.entries(contract.schemas).map(
    ([key, schema]) => [key, convert(schema)] as const,
  );
  return { definitions: Object.fromEntries(definitions), $ref: `#/definitions/${name}` };
}

const isResponse = new Ajv({ strict: false, validateFormats: false }).compile(
  schemaOf("GenerateContentResponse"),
);
const expectContract = (response: unknown) => {
  isResponse(response);
  expect(isResponse.errors).toBeNull();
};

describe("Google's SDK reads", () => {
  test("an answer, billed by its tokens; a regional endpoint costs a tenth more", async () => {
    const call = sim.marked();
    await call.behave({ outputTokens: 10 });
    const { text, usageMetadata, candidates } = await ask(call.prompt);
    expect(text).toHaveLength(40);
    expect(candidates![0]!.finishReason).toBe("STOP");
    const { promptTokenCount: prompt = 0, candidatesTokenCount, totalTokenCount } = usageMetadata!;
    expect([prompt, candidatesTokenCount, totalTokenCount]).toEqual([
      Math.ceil(call.prompt.length / 4) + 4,
      10,
      prompt + 10,
    ]);
    const billed = prompt * INPUT + 10 * OUTPUT;
    expect((await call.account()).totalNanos).toBe(billed);
    await post({ contents: contents(call.prompt) }, undefined, "europe-west1");
    expect((await call.account()).totalNanos - billed).toBe(Math.ceil((billed * 11) / 10));
  });

  test("a stream, which says what the answer says", async () => {
    const call = sim.marked();
    const plain = await ask(call.prompt);
    const stream = await google.models.generateContentStream({ model: MODEL, contents: call.prompt });
    let text = "";
    let last: GenerateContentResponse | undefined;
    for await (const chunk of stream) {
      text += chunk.text ?? "";
      last = chunk;
    }
    expect(text).toBe(plain.text);
    expect(last!.candidates![0]!.finishReason).toBe("STOP");
    expect(last!.usageMetadata).toEqual(plain.usageMetadata);
  });

  test("parallel function calls with their thought signature, and what follows their results", async () => {
    const call = sim.marked("Why did my costs go up last week?");
    const question = contents(call.prompt)[0]!;
    const config = { tools: TOOLS };
    const first = await google.models.generateContent({ model: MODEL, contents: [question], config });
    expect(first.functionCalls!.map(({ name }) => name)).toEqual(["compare-periods", "list-anomalies"]);
    const model = first.candidates![0]!.content!;
    expect(model.parts![0]!.thoughtSignature).toBeTruthy();
    const results = {
      role: "user",
      parts: first.functionCalls!.map(({ name }) => ({
        functionResponse: { name, response: { content: "{}" } },
      })),
    };
    const history = [question, model, results];
    const last = await google.models.generateContent({ model: MODEL, contents: history, config });
    expect(last.text).toBeTruthy();

    const unsigned = { ...model, parts: model.parts!.map(({ functionCall }) => ({ functionCall })) };
    const response = await post({ contents: [question, unsigned, results], tools: TOOLS });
    expect(await response.text()).toMatch(/missing a `thought_signature`/);
  });

  test("thoughts, billed as output and counted apart", async () => {
    const call = sim.marked();
    await call.behave({ reasoningTokens: 300, outputTokens: 5 });
    const { candidates, usageMetadata } = await ask(call.prompt, {
      thinkingConfig: { includeThoughts: true },
    });
    expect(candidates![0]!.content!.parts![0]).toMatchObject({ thought: true });
    expect(usageMetadata).toMatchObject({ thoughtsTokenCount: 300, candidatesTokenCount: 5 });
    expect((await call.account()).totalNanos).toBe(usageMetadata!.promptTokenCount! * INPUT + 305 * OUTPUT);
  });

  test("what Google's implicit cache had of a prompt, at a tenth of the price", async () => {
    const call = sim.marked();
    await call.behave({ outputTokens: 0 });
    const systemInstruction = `${call.prompt} ${"The bill, line by line. ".repeat(900)}`;
    await ask("first question", { systemInstruction });
    const before = (await call.account()).totalNanos;
    const { usageMetadata } = await ask("second question", { systemInstruction });
    const cached = usageMetadata!.cachedContentTokenCount!;
    expect(cached).toBe(Math.ceil(systemInstruction.length / 4) + 4);
    const rest = usageMetadata!.promptTokenCount! - cached;
    expect((await call.account()).totalNanos - before).toBe(cached * 75 + rest * INPUT);
  });

  test.each([
    ["refusal", "SAFETY"],
    ["length", "MAX_TOKENS"],
    ["malformed_tool_call", "MALFORMED_FUNCTION_CALL"],
  ])("a stop for %s", async (finish, reason) => {
    const call = sim.marked();
    await call.behave({ finish, outputTokens: 3 });
    expect((await ask(call.prompt)).candidates![0]!.finishReason).toBe(reason);
  });

  test("a blocked prompt: no candidate, and the prompt is billed", async () => {
    const call = sim.marked();
    await call.behave({ finish: "blocked" });
    const response = await ask(call.prompt);
    expect(response.promptFeedback?.blockReason).toBe("PROHIBITED_CONTENT");
    expect(response.candidates).toBeUndefined();
    expect((await call.account()).totalNanos).toBe(response.usageMetadata!.promptTokenCount! * INPUT);
  });

  test("a token count, which is what the answer then costs", async () => {
    const call = sim.marked("count me");
    const { totalTokens } = await google.models.countTokens({ model: MODEL, contents: call.prompt });
    expect((await call.account()).calls).toBe(0);
    expect((await ask(call.prompt)).usageMetadata!.promptTokenCount).toBe(totalTokens);
  });

  test.each([
    [400, "INVALID_ARGUMENT"],
    [403, "PERMISSION_DENIED"],
    [404, "NOT_FOUND"],
    [429, "RESOURCE_EXHAUSTED"],
    [500, "INTERNAL"],
    [503, "UNAVAILABLE"],
    [504, "DEADLINE_EXCEEDED"],
  ])("a %d as Google's error body", async (status, name) => {
    const call = sim.marked();
    await call.behave({ status });
    const response = await post({ contents: contents(call.prompt) });
    expect([response.status, await response.json()]).toEqual([
      status,
      { error: { code: status, status: name, message: expect.any(String) as string } },
    ]);
    expect((await call.account()).calls).toBe(0);
  });
});

describe("Google's discovery document describes", () => {
  test.each<[string, object]>([
    ["a plain answer", {}],
    ["thoughts and a cached prompt", { reasoningTokens: 20, cachedTokens: 4 }],
    ["a refusal", { finish: "refusal" }],
    ["a blocked prompt", { finish: "blocked" }],
  ])("%s, plain and streamed", async (_, behaviour) => {
    const call = sim.marked("Why did my costs go up?");
    await call.behave(behaviour);
    const body = { contents: contents(call.prompt), tools: TOOLS };
    expectContract(await (await post(body)).json());
    const events = await eventsOf(await post(body, `${MODEL}:streamGenerateContent?alt=sse`));
    expect(events.length).toBeGreaterThan(0);
    for (const event of events) expectContract(event);
  });
});

describe("embeddings", () => {
  const model = "gemini-embedding-001";
  const embed = (text: unknown, parameters?: object) =>
    post({ instances: [{ content: text }], ...(parameters && { parameters }) }, `${model}:predict`);

  test("Google's SDK reads a vector of length 1, billed by its text's tokens alone", async () => {
    const call = sim.marked();
    const { embeddings, metadata } = await google.models.embedContent({
      model,
      contents: call.prompt,
      config: { outputDimensionality: 768, taskType: "RETRIEVAL_DOCUMENT", title: "a title" },
    });
    const [{ values, statistics } = {}] = embeddings!;
    expect(values).toHaveLength(768);
    expect(Math.hypot(...values!)).toBeCloseTo(1);
    const tokens = Math.ceil(call.prompt.length / 4);
    expect(statistics).toEqual({ truncated: false, tokenCount: tokens });
    expect(metadata?.billableCharacterCount).toBe(call.prompt.replaceAll(" ", "").length);
    expect(await call.account()).toMatchObject({ calls: 1, totalNanos: tokens * 150 });
  });

  test("a long text is cut off, or refused where that is asked for", async () => {
    const long = "x".repeat(9_000);
    const { predictions } = (await (await embed(long)).json()) as {
      predictions: { embeddings: { statistics: object } }[];
    };
    expect(predictions[0]!.embeddings.statistics).toEqual({ truncated: true, token_count: 2_048 });
    expect((await embed(long, { autoTruncate: false })).status).toBe(400);
  });

  test("an answer conforms to Google's discovery document, and misbehaves as configured", async () => {
    const isPredictResponse = new Ajv({ strict: false }).compile(schemaOf("PredictResponse"));
    expect(isPredictResponse(await (await embed("hi")).json())).toBe(true);
    const call = sim.marked();
    await call.behave({ usage: "omitted" });
    expect(await (await embed(call.prompt)).text()).not.toContain("token_count");
  });

  test.each<[string, object, string?]>([
    ["two texts", { instances: [{ content: "a" }, { content: "b" }] }],
    ["no text", { instances: [] }],
    ["an empty text", { instances: [{ content: "" }] }],
    ["an unknown field", { instances: [{ content: "a", text: "b" }] }],
    ["an unknown parameter", { instances: [{ content: "a" }], parameters: { dimensions: 5 } }],
    ["too many dimensions", { instances: [{ content: "a" }], parameters: { outputDimensionality: 3_073 } }],
    ["an unknown field", { instances: [{ content: "a" }], user: "u" }],
  ])("%s is refused", async (_, body) => {
    const response = await post(body, `${model}:predict`);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { status: "INVALID_ARGUMENT" } },
    ]);
  });

  test("a model has one kind of answer", async () => {
    expect((await post({ instances: [{ content: "a" }] }, `${MODEL}:predict`)).status).toBe(404);
    expect((await post({ contents: contents("hi") }, `${model}:generateContent`)).status).toBe(404);
  });
});

describe("what Vertex AI refuses", () => {
  const valid = { contents: contents("hi") };
  const calls = { role: "model", parts: [{ functionCall: { name: "a", args: {} } }] };
  test.each<[string, object, RegExp]>([
    ["an unknown field", { ...valid, metadata: {} }, /Unknown name "metadata"/],
    [
      "an unknown field of a part",
      { contents: [{ parts: [{ text: "x", name: "y" }] }] },
      /Unknown name "name" at 'contents\[0\].parts\[0\]'/,
    ],
    ["a value of another type", { contents: [{ parts: [{ text: 5 }] }] }, /Invalid value/],
    ["no contents", {}, /at least one contents/],
    ["an unknown role", { contents: [{ role: "assistant", parts: [{ text: "x" }] }] }, /valid role/],
    ["an empty content", { contents: [{ role: "user", parts: [] }] }, /at least one parts/],
    [
      "a last word of the model",
      { contents: [...valid.contents, { role: "model", parts: [{ text: "x" }] }] },
      /end with a user role/,
    ],
    [
      "a call without its response",
      { contents: [...valid.contents, calls, ...valid.contents], tools: TOOLS },
      /number of function response parts/,
    ],
    [
      "more than the model's output",
      { ...valid, generationConfig: { maxOutputTokens: 65_537 } },
      /maxOutputTokens/,
    ],
    ["an illegal label", { ...valid, labels: { session_id: "s.1" } }, /Invalid label/],
    ["a label of 64 characters", { ...valid, labels: { a: "x".repeat(64) } }, /Invalid label/],
    [
      "a function's name with a space",
      { ...valid, tools: [{ functionDeclarations: [{ name: "a b" }] }] },
      /Invalid function name/,
    ],
    [
      "a thinking budget with a level",
      { ...valid, generationConfig: { thinkingConfig: { thinkingBudget: 1, thinkingLevel: "LOW" } } },
      /only one of/,
    ],
  ])("%s", async (_, body, message) => {
    const response = await post(body);
    const { error } = (await response.json()) as { error: { status: string; message: string } };
    expect([response.status, error.status]).toEqual([400, "INVALID_ARGUMENT"]);
    expect(error.message).toMatch(message);
  });

  test("a wrong token with 401, an unknown model with 404", async () => {
    expect((await post(valid, undefined, undefined, "ya29.wrong")).status).toBe(401);
    expect((await post(valid, "gemini-none:generateContent")).status).toBe(404);
  });

  test("takes names in snake_case too", async () => {
    expect((await post({ ...valid, system_instruction: { parts: [{ text: "x" }] } })).status).toBe(200);
  });
});
