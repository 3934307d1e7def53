import type { Call, Wire } from "./wire";
import type { PublicModel } from "./prices";

const NO_CACHE = { cachedTokens: 0, cacheWriteTokens: 0, cacheWriteHourTokens: 0 };

/** A request for embeddings as a call without an answer in words: its prompt are the texts, each billed by its tokens. */
export function embeddingCall(
  model: string,
  publicModel: PublicModel,
  texts: string[],
  parameters: string[],
): Call {
  return {
    model,
    publicModel,
    conversation: {
      instructions: "",
      messages: texts.map((text) => ({ role: "user", text })),
      tools: [],
      toolChoice: "none",
      parallelTools: false,
    },
    prompt: texts.map((text) => ({ text })),
    stream: false,
    n: 1,
    maxTokens: 0,
    stopSequences: [],
    parameters,
    showsThinking: false,
    mayReason: false,
    reasoningTokens: 0,
    surcharges: { webSearches: 0, factor: 1 },
    cacheUse: () => NO_CACHE,
  };
}

/** A wire whose answers are vectors. */
export function vectorWire(wire: Wire, document: Wire["document"]): Wire {
  return { ...wire, document };
}
