import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { Account } from "./account";
import { checkHeaders, readCount, readMessages } from "./anthropic/read";
import { anthropicWire } from "./anthropic/wire";
import { behaviour, Behaviours } from "./behaviour";
import { complete, count, embed, type Provider } from "./call";
import { sendJson } from "./deliver";
import { readEmbeddings } from "./openai/embeddings";
import { readChat } from "./openai/request";
import { openaiWire } from "./openai/wire";
import { PUBLIC_MODELS } from "./prices";
import { PromptCache } from "./prompt-cache";
import { TokenEndpoint } from "./vertex/credentials";
import { readCount as readVertexCount, readGenerate } from "./vertex/read";
import { readPredict } from "./vertex/predict";
import { vertexWire } from "./vertex/wire";
import { ApiError } from "./api-error";
import type { Wire } from "./wire";

export interface SimulatorOptions {
  /** 0 takes any free port. */
  port: number;
  /** Default: loopback only. */
  host?: string;
}

export interface Simulator {
  /** `http://host:port`, without `/v1`. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

/** Bytes of the largest body that is read; Anthropic documents 32 MB. */
const MAX_BODY = 32 * 1024 * 1024;

interface State extends Provider {
  tokens: TokenEndpoint;
}

/**
 * Starts the LLM simulator: the APIs of OpenAI, Anthropic and Vertex AI, free of charge, with its own bill.
 *
 * @throws the listen error (`EADDRINUSE`) when the port is taken.
 */
export async function startSimulator({ port, host = "127.0.0.1" }: SimulatorOptions): Promise<Simulator> {
  const state: State = {
    account: new Account(),
    behaviours: new Behaviours(),
    cache: new PromptCache(),
    tokens: new TokenEndpoint(),
    answering: 0,
  };
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://simulator");
    serve(state, request, response).catch((error: unknown) => {
      const known = error instanceof ApiError ? error : undefined;
      if (response.headersSent) response.destroy();
      else
        sendJson(
          response,
          known?.status ?? 500,
          wireOf(pathname).error(known ?? new ApiError(500, String(error))),
        );
    });
  });
  // Providers keep idle connections for minutes. Node's five seconds would close one just as a busy client uses it again.
  server.keepAliveTimeout = 600_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    stop: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

const VERTEX =
  /^\/v1(?:beta1)?\/projects\/[^/]+\/locations\/([^/]+)\/publishers\/google\/models\/([^/:]+):(\w+)$/;

function wireOf(pathname: string): Wire {
  if (VERTEX.test(pathname)) return vertexWire;
  return pathname.startsWith("/v1/messages") ? anthropicWire : openaiWire;
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://simulator");
  if (url.pathname.startsWith("/_simulator/")) return control(state, url, request, response);
  const vertex = VERTEX.exec(url.pathname);
  if (vertex && request.method === "POST") return serveVertex(state, vertex, request, response);
  // OpenAI clients put `/v1` into the base URL or leave it out; both are served.
  switch (`${request.method} ${url.pathname.replace(/^\/v1\//, "/")}`) {
    case "POST /chat/completions":
    case "POST /embeddings": {
      if (!/^Bearer \S+$/.test(request.headers.authorization ?? "")) {
        throw new ApiError(401, "You didn't provide an API key.", "invalid_api_key");
      }
      const read = await readBody(request);
      if (url.pathname.endsWith("embeddings")) {
        return embed(state, { wire: openaiWire, ...read, response }, () => readEmbeddings(read.body));
      }
      return complete(state, { wire: openaiWire, ...read, response, read: () => readChat(read.body) });
    }
    case "POST /messages":
    case "POST /messages/count_tokens": {
      checkHeaders(request.headers);
      const read = await readBody(request);
      const incoming = { wire: anthropicWire, ...read, response };
      if (!url.pathname.endsWith("count_tokens")) {
        return complete(state, { ...incoming, read: () => readMessages(read.body, request.headers) });
      }
      return count(state, { ...incoming, read: () => readCount(read.body) }, (input_tokens) => ({
        input_tokens,
      }));
    }
    case "POST /token":
      return sendToken(state, await readText(request), response);
    case "GET /models":
      return sendJson(response, 200, { object: "list", data: Object.keys(PUBLIC_MODELS).map(modelEntry) });
    case "GET /healthz":
      return sendJson(response, 200, { status: "ok" });
    default:
      throw new ApiError(404, `There is no ${request.method} ${url.pathname}`);
  }
}

async function serveVertex(
  state: State,
  [, location = "", model = "", method = ""]: RegExpExecArray,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  state.tokens.check(request.headers.authorization);
  const read = await readBody(request);
  const stream = method === "streamGenerateContent";
  const target = { model, location, stream };
  const incoming = { wire: vertexWire, ...read, response };
  if (stream || method === "generateContent") {
    if (stream && !/[?&]alt=sse\b/.test(request.url ?? "")) {
      throw new ApiError(501, "The simulator streams server-sent events only: add alt=sse.");
    }
    return complete(state, { ...incoming, read: () => readGenerate(target, read.body) });
  }
  if (method === "predict") return embed(state, incoming, () => readPredict(model, read.body));
  if (method !== "countTokens") throw new ApiError(404, `There is no method ${method}`);
  return count(state, { ...incoming, read: () => readVertexCount(target, read.body) }, (totalTokens) => ({
    totalTokens,
    promptTokensDetails: [{ modality: "TEXT", tokenCount: totalTokens }],
  }));
}

/** How tests drive and read the simulator. */
async function control(
  state: State,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const marker = url.searchParams.get("marker") ?? undefined;
  switch (`${request.method} ${url.pathname.slice("/_simulator/".length)}`) {
    case "GET account":
      return sendJson(response, 200, { ...state.account.totals(marker), answering: state.answering });
    case "DELETE account":
      state.account.reset();
      return sendJson(response, 200, {});
    case "GET requests": {
      const endpoint = url.searchParams.get("endpoint") === "count" ? "count" : "generate";
      return sendJson(response, 200, state.account.requests(endpoint, marker));
    }
    case "POST behaviour": {
      const parsed = behaviour.safeParse((await readBody(request)).body);
      if (!parsed.success) throw new ApiError(400, z.prettifyError(parsed.error));
      state.behaviours.add(parsed.data);
      return sendJson(response, 200, parsed.data);
    }
    case "DELETE behaviour":
      state.behaviours.clear();
      return sendJson(response, 200, {});
    default:
      throw new ApiError(404, `There is no ${request.method} ${url.pathname}`);
  }
}

function sendToken(state: State, form: string, response: ServerResponse): void {
  try {
    sendJson(response, 200, state.tokens.issue(form));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    sendJson(response, error.status, { error: error.code, error_description: error.message });
  }
}

/** Reads a JSON body. @throws ApiError when it is not JSON, or too large. */
async function readBody(request: IncomingMessage): Promise<{ body: unknown; bytes: number }> {
  const text = await readText(request);
  try {
    return { body: JSON.parse(text) as unknown, bytes: Buffer.byteLength(text) };
  } catch {
    throw new ApiError(400, "The request body is not valid JSON.");
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length;
    if (bytes <= MAX_BODY) chunks.push(chunk as Buffer);
  }
  if (bytes > MAX_BODY) throw new ApiError(413, "Request exceeds the maximum size");
  return Buffer.concat(chunks).toString("utf8");
}

function modelEntry(id: string): object {
  return { id, object: "model", created: 0, owned_by: "llm-simulator" };
}
