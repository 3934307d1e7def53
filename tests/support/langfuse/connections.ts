import { BlockList, isIP } from "node:net";
import { z } from "zod";
import { Answer, numberedPage, now, type Route } from "./http";

const connection = z
  .object({
    provider: z.string().min(1),
    adapter: z.enum(["anthropic", "openai", "azure", "bedrock", "google-vertex-ai", "google-ai-studio"]),
    secretKey: z.string().min(1),
    baseURL: z.url().nullish(),
    customModels: z.array(z.string().min(1)).default([]),
    withDefaultModels: z.boolean().default(true),
    extraHeaders: z.record(z.string(), z.string()).optional(),
    config: z.record(z.string(), z.unknown()).optional(),
  })
  .refine(
    ({ adapter, config }) => adapter !== "anthropic" || !config || Object.keys(config).length === 0,
    "Config is not supported for anthropic adapter. Remove the config field.",
  );

export type Connection = z.infer<typeof connection>;

export interface Connections {
  readonly connections: Connection[];
  /** `LANGFUSE_LLM_CONNECTION_WHITELISTED_HOST`, as a list. */
  connectionHosts: string[];
}

/** Addresses that Langfuse calls only when they are named in its environment (`ipBlocking.ts`, the common ones). */
const blocked = new BlockList();
for (const [network, prefix] of [
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
] as const)
  blocked.addSubnet(network, prefix);
const BLOCKED_NAMES = /^(.*\.)?(localhost|internal|intranet)$/;

/** Connections to models. */
export function connectionRoutes(state: Connections): Route[] {
  const { connections } = state;
  return [
    {
      method: "GET",
      path: /^\/api\/public\/llm-connections$/,
      answer: ({ query }) => numberedPage(connections.map(shown), query),
    },
    {
      method: "PUT",
      path: /^\/api\/public\/llm-connections$/,
      answer: ({ body }) => {
        const request = connection.parse(body);
        const at = connections.findIndex(({ provider }) => provider === request.provider);
        if (request.baseURL && request.baseURL !== connections[at]?.baseURL) {
          const problem = problemOf(new URL(request.baseURL), state.connectionHosts);
          if (problem)
            return new Answer(400, {
              message: `Invalid baseURL: ${problem}`,
              error: "InvalidRequestError",
            });
        }
        connections.splice(at < 0 ? connections.length : at, at < 0 ? 0 : 1, request);
        return new Answer(at < 0 ? 201 : 200, shown(request));
      },
    },
  ];
}

/** Langfuse's words for an address that it does not call. */
function problemOf({ protocol, hostname }: URL, allowed: string[]): string | undefined {
  if (!["http:", "https:"].includes(protocol)) return "Only HTTP and HTTPS protocols are allowed";
  if (allowed.includes(hostname)) return undefined;
  if (BLOCKED_NAMES.test(hostname)) return "Blocked hostname detected";
  if (isIP(hostname)) return blocked.check(hostname) ? "Blocked IP address detected" : undefined;
  // A name of one part is known inside the network only.
  return hostname.includes(".") ? undefined : `DNS lookup failed for ${hostname}`;
}

/** The model's answer to Langfuse's test call before it accepts an evaluator; a text is Langfuse's objection. */
export async function preflight(
  { connections }: Pick<Connections, "connections">,
  { provider, model }: { provider: string; model: string },
): Promise<string | undefined> {
  const found = connections.find((each) => each.provider === provider);
  if (!found) return "No valid LLM model found. No default model or custom model configured";
  if (!found.withDefaultModels && !found.customModels.includes(model)) return `Model ${model} is not known`;
  // Only the adapters with a configurable address can be tested here.
  if (found.adapter !== "openai" || !found.baseURL) return undefined;
  return fetch(`${found.baseURL}/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${found.secretKey}`, "content-type": "application/json" },
    body: JSON.stringify(judgeRequest(model, { type: "number", minimum: 0, maximum: 1 })),
  }).then(
    async (response) => (response.ok ? undefined : `${response.status} ${await response.text()}`),
    (error: Error) => error.message,
  );
}

/**
 * What Langfuse's worker sends for a judgement: recorded from `ai` 7.0.173 with `@ai-sdk/openai-compatible` 3.0.92, called as
 * `packages/shared/src/server/llm/llmText.ts` calls them.
 */
export function judgeRequest(model: string, score: object): object {
  return {
    model,
    response_format: {
      type: "json_schema",
      json_schema: {
        schema: {
          $schema: "http://json-schema.org/draft-07/schema#",
          type: "object",
          properties: { reasoning: { type: "string", description: "One sentence." }, score },
          required: ["reasoning", "score"],
          additionalProperties: false,
        },
        strict: true,
        name: "response",
      },
    },
    messages: [
      {
        role: "user",
        content:
          'Extract a score (1-5) and reasoning from this text: "This is a test. It worked perfectly because it matched all passing criteria."',
      },
    ],
  };
}

/** The key never comes back. */
function shown({ secretKey, extraHeaders, ...each }: Connection): object {
  return {
    id: `connection-${each.provider}`,
    displaySecretKey: `...${secretKey.slice(-4)}`,
    extraHeaderKeys: Object.keys(extraHeaders ?? {}),
    createdAt: now(),
    updatedAt: now(),
    ...each,
    baseURL: each.baseURL ?? null,
    config: each.config ?? null,
  };
}
