import type { CreateEmbeddingResponse } from "openai/resources/embeddings";
import { z } from "zod";
import { ApiError } from "../api-error";
import { embeddingCall, vectorWire } from "../embedding";
import { PUBLIC_MODELS } from "../prices";
import { textTokens } from "../tokens";
import { vectorOf } from "../vector";
import type { Call, Wire } from "../wire";
import { openaiWire } from "./wire";

/** https://platform.openai.com/docs/api-reference/embeddings/create; token ids need a tokenizer, which the simulator has not. */
const embeddingRequest = z.strictObject({
  model: z.string(),
  input: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(2_048)]),
  dimensions: z.int().positive().optional(),
  encoding_format: z.enum(["float", "base64"]).optional(),
  user: z.string().optional(),
});

/** Reads a request for embeddings, and makes the wire that answers it. @throws ApiError as OpenAI refuses it. */
export function readEmbeddings(body: unknown): { call: Call; wire: Wire } {
  const parsed = embeddingRequest.safeParse(body);
  if (!parsed.success) throw new ApiError(400, z.prettifyError(parsed.error));
  const { model, input, dimensions, encoding_format: form } = parsed.data;
  const publicModel = PUBLIC_MODELS[model];
  if (!publicModel?.dimensions) throw new ApiError(404, `The model \`${model}\` makes no embeddings.`);
  const most = publicModel.dimensions;
  if ((dimensions ?? 1) > most) throw new ApiError(400, `dimensions must be at most ${most}.`);
  const texts = typeof input === "string" ? [input] : input;
  const longest = Math.max(...texts.map(textTokens));
  if (longest > publicModel.maxPromptTokens) {
    throw new ApiError(
      400,
      `This model's maximum context length is ${publicModel.maxPromptTokens} tokens, however you requested ${longest} tokens.`,
    );
  }
  const wire = vectorWire(
    openaiWire,
    ({ usage }) =>
      ({
        object: "list",
        model,
        data: texts.map((text, index) => ({
          object: "embedding" as const,
          index,
          embedding: encoded(vectorOf(text, dimensions ?? most), form),
        })),
        usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens },
      }) satisfies Packed,
  );
  // The limit is one of each text, not of all.
  const each = { ...publicModel, maxPromptTokens: Infinity };
  return { call: embeddingCall(model, each, texts, Object.keys(body as object)), wire };
}

type Packed = Omit<CreateEmbeddingResponse, "data"> & {
  data: (Omit<CreateEmbeddingResponse["data"][number], "embedding"> & { embedding: number[] | string })[];
};

function encoded(vector: number[], form: "float" | "base64" | undefined): number[] | string {
  return form === "base64" ? Buffer.from(new Float32Array(vector).buffer).toString("base64") : vector;
}
