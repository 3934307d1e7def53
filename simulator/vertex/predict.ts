import { z } from "zod";
import { ApiError } from "../api-error";
import { embeddingCall, vectorWire } from "../embedding";
import { PUBLIC_MODELS } from "../prices";
import { textTokens, truncate } from "../tokens";
import { vectorOf } from "../vector";
import type { Call, Wire } from "../wire";
import { readProto } from "./contract";
import { vertexWire } from "./wire";

/**
 * What `:predict` takes for text embeddings, which the discovery document leaves open:
 * https://docs.cloud.google.com/vertex-ai/generative-ai/docs/model-reference/text-embeddings-api
 */
const TASKS = [
  "RETRIEVAL_QUERY",
  "RETRIEVAL_DOCUMENT",
  "SEMANTIC_SIMILARITY",
  "CLASSIFICATION",
  "CLUSTERING",
  "QUESTION_ANSWERING",
  "FACT_VERIFICATION",
  "CODE_RETRIEVAL_QUERY",
] as const;
const predictRequest = z.strictObject({
  instances: z.array(
    z.strictObject({
      content: z.string(),
      task_type: z.enum(TASKS).optional(),
      title: z.string().optional(),
    }),
  ),
  parameters: z
    .strictObject({
      autoTruncate: z.boolean().optional(),
      outputDimensionality: z.int().positive().optional(),
    })
    .optional(),
  labels: z.record(z.string(), z.string()).optional(),
});

/** Reads a request for embeddings, and makes the wire that answers it. @throws ApiError as Vertex AI refuses it. */
export function readPredict(model: string, body: unknown): { call: Call; wire: Wire } {
  const publicModel = PUBLIC_MODELS[model];
  if (!publicModel?.dimensions) {
    throw new ApiError(404, `Publisher Model \`publishers/google/models/${model}\` was not found.`);
  }
  const { violations } = readProto("PredictRequest", body);
  const parsed = predictRequest.safeParse(body);
  if (violations.length > 0) {
    throw new ApiError(400, violations.map(({ description }) => description).join("\n"));
  }
  if (!parsed.success) throw new ApiError(400, z.prettifyError(parsed.error));
  const { instances, parameters = {} } = parsed.data;
  if (instances.length !== 1) {
    throw new ApiError(
      400,
      `Unable to submit request because batchSize must be 1 but the entered value was ${instances.length}.`,
    );
  }
  const { content } = instances[0]!;
  if (content === "") throw new ApiError(400, "The text content is empty.");
  const dimensions = parameters.outputDimensionality ?? publicModel.dimensions;
  if (dimensions > publicModel.dimensions) {
    throw new ApiError(
      400,
      `Unable to submit request because it has an outputDimensionality value of ${dimensions} but the supported range is from 1 (inclusive) to ${publicModel.dimensions + 1} (exclusive).`,
    );
  }
  const tooLong = textTokens(content) > publicModel.maxPromptTokens;
  if (tooLong && parameters.autoTruncate === false) {
    throw new ApiError(
      400,
      `Unable to submit request because the input token count is ${textTokens(content)} but the model supports up to ${publicModel.maxPromptTokens}.`,
    );
  }
  const text = tooLong ? truncate(content, publicModel.maxPromptTokens) : content;
  const wire = vectorWire(vertexWire, ({ usage }) => ({
    predictions: [
      {
        embeddings: {
          statistics: { truncated: tooLong, token_count: usage.promptTokens },
          values: vectorOf(content, dimensions),
        },
      },
    ],
    metadata: { billableCharacterCount: text.replace(/\s/g, "").length },
  }));
  return { call: embeddingCall(model, publicModel, [text], Object.keys(body as object)), wire };
}
