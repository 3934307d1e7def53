import type { Content } from "@google/genai";
import { billFiles, type SentFile } from "../files";
import { PUBLIC_MODELS, type PublicModel } from "../prices";
import type { Conversation, JsonSchema } from "../answer";
import type { PromptPart } from "../tokens";
import { ApiError } from "../api-error";
import type { Call } from "../wire";
import { readProto, type GenerateRequest } from "./contract";
import { checkRules, partsOf } from "./rules";

/** Where a request goes, from its path. */
export interface Target {
  model: string;
  location: string;
  stream: boolean;
}

/** Reads a generateContent request. @throws ApiError as Vertex AI refuses it. */
export function readGenerate(target: Target, body: unknown): Call {
  return callOf(target, proto("GenerateContentRequest", body), body);
}

/** Reads a countTokens request. @throws ApiError as Vertex AI refuses it. */
export function readCount(target: Target, body: unknown): Call {
  return callOf(target, proto("CountTokensRequest", body), body);
}

function proto(schema: string, body: unknown): GenerateRequest {
  const { value, violations } = readProto(schema, body);
  if (violations.length > 0) {
    throw new ApiError(400, violations.map(({ description }) => description).join("\n"));
  }
  return value as GenerateRequest;
}

function callOf({ model, location, stream }: Target, request: GenerateRequest, body: unknown): Call {
  const publicModel = PUBLIC_MODELS[model];
  if (publicModel?.provider !== "google" || publicModel.dimensions) {
    throw new ApiError(404, `Publisher Model \`publishers/google/models/${model}\` was not found.`);
  }
  checkRules(model, request, publicModel);
  const { generationConfig: config = {}, tools = [] } = request;
  const prompt = promptOf(request, publicModel);
  return {
    model,
    publicModel,
    conversation: conversationOf(request),
    prompt,
    stream,
    n: Number(config.candidateCount ?? 1),
    maxTokens: config.maxOutputTokens === undefined ? null : Number(config.maxOutputTokens),
    stopSequences: config.stopSequences ?? [],
    parameters: Object.keys(body as object),
    showsThinking: config.thinkingConfig?.includeThoughts ?? false,
    // No setting of Gemini 3 turns thinking off: "minimal" does not rule it out, and budgets are those of Gemini 2.5.
    mayReason: true,
    reasoningTokens: reasoningOf(config.thinkingConfig),
    surcharges: {
      webSearches: tools.some(({ googleSearch }) => googleSearch) ? 1 : 0,
      // A regional endpoint costs a tenth more than the global one.
      factor: location === "global" ? 1 : 1.1,
    },
    cacheUse: (cache, tokensPerByte) =>
      cache.implicit(model, prompt, publicModel.minCacheTokens, tokensPerByte),
  };
}

function reasoningOf(thinking: NonNullable<GenerateRequest["generationConfig"]>["thinkingConfig"]): number {
  if (!thinking || thinking.thinkingBudget === 0) return 0;
  return thinking.includeThoughts || thinking.thinkingBudget || thinking.thinkingLevel ? 24 : 0;
}

function conversationOf(request: GenerateRequest): Conversation {
  const { contents = [], systemInstruction, tools = [], toolConfig, generationConfig: config } = request;
  const { mode = "AUTO", allowedFunctionNames: allowed } = toolConfig?.functionCallingConfig ?? {};
  const declared = tools.flatMap(({ functionDeclarations }) => functionDeclarations ?? []);
  const callable = allowed ? declared.filter(({ name }) => allowed.includes(name ?? "")) : declared;
  return {
    instructions: systemInstruction ? partsOf(systemInstruction).map(textOf).join("\n") : "",
    messages: contents.flatMap(turnsOf),
    tools: callable.map(({ name = "", parameters, parametersJsonSchema }) => ({
      name,
      parameters: (parameters ?? parametersJsonSchema ?? {}) as JsonSchema,
    })),
    toolChoice: mode.toUpperCase() === "ANY" ? "required" : mode.toUpperCase() === "NONE" ? "none" : "auto",
    parallelTools: true,
    answerSchema: (config?.responseSchema ?? config?.responseJsonSchema) as JsonSchema | undefined,
  };
}

/** A content's turns: its function responses each, then its text. */
function turnsOf(content: Content): Conversation["messages"] {
  const parts = partsOf(content);
  const text = parts.map(textOf).join("");
  const role = content.role === "model" ? "assistant" : "user";
  return [
    ...parts.flatMap(({ functionResponse }) =>
      functionResponse ? [{ role: "tool" as const, text: resultOf(functionResponse.response ?? {}) }] : [],
    ),
    ...(text === "" ? [] : [{ role, text } as const]),
  ];
}

/** A tool's result; clients wrap a text into an object of one field. */
function resultOf(response: Record<string, unknown>): string {
  const values = Object.values(response);
  return values.length === 1 && typeof values[0] === "string" ? values[0] : JSON.stringify(response);
}

function textOf({ text, thought }: NonNullable<Content["parts"]>[number]): string {
  return thought ? "" : (text ?? "");
}

function promptOf(
  { tools, systemInstruction, contents = [], generationConfig }: GenerateRequest,
  model: PublicModel,
): PromptPart[] {
  const schema = generationConfig?.responseSchema ?? generationConfig?.responseJsonSchema;
  const json = (value: unknown) => (value ? [{ text: JSON.stringify(value) }] : []);
  const all = [...(systemInstruction ? [systemInstruction] : []), ...contents];
  const billed = billFiles(model, all.flatMap(filesOf));
  return [
    ...json(tools),
    ...json(schema),
    ...all.map((content) => ({
      text: partsOf(content).map(billedText).join(""),
      message: true,
      files: billed.splice(0, filesOf(content).length),
    })),
  ];
}

function filesOf(content: Content): SentFile[] {
  return partsOf(content).flatMap(({ inlineData, fileData, functionResponse, mediaResolution }) => {
    const blobs = [inlineData, ...(functionResponse?.parts ?? []).map((each) => each.inlineData)];
    if (fileData) throw new ApiError(400, "Cannot fetch content from the provided URL.");
    return blobs.flatMap((blob) =>
      blob
        ? [{ mediaType: blob.mimeType ?? "", base64: blob.data ?? "", level: mediaResolution?.level }]
        : [],
    );
  });
}

function billedText(part: NonNullable<Content["parts"]>[number]): string {
  const { functionCall, functionResponse, text = "" } = part;
  if (functionCall) return JSON.stringify({ name: functionCall.name, args: functionCall.args });
  if (!functionResponse) return text;
  return JSON.stringify({ name: functionResponse.name, response: functionResponse.response });
}
