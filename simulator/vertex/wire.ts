import type { Candidate, GenerateContentResponse, Part } from "@google/genai";
import type { Completion, Finish } from "../answer";
import type { Wire, WireEvent } from "../wire";

const FINISH_REASON: Record<Finish, `${NonNullable<Candidate["finishReason"]>}`> = {
  stop: "STOP",
  stop_sequence: "STOP",
  length: "MAX_TOKENS",
  tool_calls: "STOP",
  refusal: "SAFETY",
  pause: "OTHER",
  blocked: "SAFETY",
  malformed_tool_call: "MALFORMED_FUNCTION_CALL",
};

/** https://cloud.google.com/apis/design/errors */
const STATUS: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
};

/** The fields of a response, without the accessors that the SDK adds. */
export type Response = Pick<
  GenerateContentResponse,
  "candidates" | "createTime" | "modelVersion" | "promptFeedback" | "responseId" | "usageMetadata"
>;

/** Vertex AI's generateContent, as `@google/genai` types it and its discovery document describes it. */
export const vertexWire: Wire = {
  name: "vertex",
  end: "",
  encode: (data) => `data: ${JSON.stringify(data)}\r\n\r\n`,

  document: (completion) => {
    if (completion.finish === "blocked") return blocked(completion);
    return response(completion, [...thoughts(completion), ...answerParts(completion)], true);
  },

  *events(completion): Generator<WireEvent> {
    if (completion.finish === "blocked") {
      yield { kind: "finish", data: blocked(completion) };
      return;
    }
    const thought = thoughts(completion);
    if (thought.length > 0) yield { kind: "frame", data: response(completion, thought, false) };
    for (const [at, piece] of completion.pieces.entries()) {
      const part = "text" in piece ? { text: piece.text } : callPart(completion, piece.index, at);
      yield { kind: "piece", data: response(completion, [part], false) };
    }
    const signature = completion.answer.toolCalls.length === 0 && completion.thinking?.signature;
    const last = signature ? { text: "", thoughtSignature: signature } : { text: "" };
    yield { kind: "finish", data: response(completion, [last], true) };
  },

  error: ({ status, message }) => ({
    error: {
      code: status,
      message,
      status: STATUS[status] ?? (status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT"),
    },
  }),

  streamError: () => ({
    error: { code: 503, message: "The model is overloaded. Please try again later.", status: "UNAVAILABLE" },
  }),
};

function response(completion: Completion, parts: Part[], last: boolean): object {
  const { finish, n } = completion;
  return {
    ...envelope(completion),
    candidates: Array.from({ length: n }, (_, index) => ({
      index,
      content: { role: "model", parts },
      ...(last && { finishReason: FINISH_REASON[finish] as Candidate["finishReason"] }),
    })),
    usageMetadata: last ? usage(completion) : ON_DEMAND,
  } satisfies Response;
}

/** A prompt that Google refuses to answer has no candidate. */
function blocked(completion: Completion): object {
  return {
    ...envelope(completion),
    promptFeedback: {
      blockReason: "PROHIBITED_CONTENT" as NonNullable<Response["promptFeedback"]>["blockReason"],
      blockReasonMessage: "The prompt is blocked.",
    },
    usageMetadata: usage(completion),
  } satisfies Response;
}

function envelope({ id, model }: Completion) {
  return { responseId: id, modelVersion: model, createTime: new Date().toISOString() };
}

function answerParts(completion: Completion): Part[] {
  const { content, toolCalls } = completion.answer;
  const calls = toolCalls.map((_, index) => callPart(completion, index, index));
  return content === "" && calls.length > 0 ? calls : [{ text: content }, ...calls];
}

/** The first of parallel calls carries the thought signature that Gemini 3 wants back. */
function callPart({ answer, thinking }: Completion, index: number, at: number): Part {
  const { name, args } = answer.toolCalls[index]!;
  const signature = thinking?.signature ?? Buffer.from("simulated thought of 0 tokens").toString("base64");
  return {
    functionCall: { name, args: args as Record<string, unknown> },
    ...(index === 0 && at === index && { thoughtSignature: signature }),
  };
}

function thoughts({ thinking }: Completion): Part[] {
  return thinking?.text ? [{ text: thinking.text, thought: true }] : [];
}

const ON_DEMAND = { trafficType: "ON_DEMAND" as NonNullable<Response["usageMetadata"]>["trafficType"] };

function usage(completion: Completion): NonNullable<Response["usageMetadata"]> {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = completion.usage;
  const text = (tokenCount: number) => [
    {
      modality: "TEXT" as NonNullable<
        NonNullable<Response["usageMetadata"]>["promptTokensDetails"]
      >[number]["modality"],
      tokenCount,
    },
  ];
  const said = completionTokens - reasoningTokens;
  return {
    promptTokenCount: promptTokens,
    candidatesTokenCount: said,
    totalTokenCount: promptTokens + completionTokens,
    ...(reasoningTokens > 0 && { thoughtsTokenCount: reasoningTokens }),
    ...(cachedTokens > 0 && {
      cachedContentTokenCount: cachedTokens,
      cacheTokensDetails: text(cachedTokens),
    }),
    promptTokensDetails: text(promptTokens),
    candidatesTokensDetails: text(said),
    ...ON_DEMAND,
  };
}
