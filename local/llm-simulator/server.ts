import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { z } from "zod";
import { definitions, type Definitions } from "../../litellm-config";
import { Account } from "./account";
import { behaviour, Behaviours } from "./behaviour";
import { complete, readJson, type Provider } from "./completion";
import { sendError, sendJson } from "./respond";

export interface SimulatorOptions {
  /** 0 takes any free port. */
  port: number;
  /** Default: loopback only. */
  host?: string;
  /** The models it has and their prices. Default: the definitions'. */
  models?: Definitions["models"];
}

export interface Simulator {
  /** `http://host:port`, without `/v1`. */
  url: string;
  port: number;
  stop(): Promise<void>;
}

/**
 * Starts the LLM simulator: an OpenAI-compatible chat server that costs nothing and keeps its own account.
 *
 * @throws the listen error (`EADDRINUSE`) when the port is taken.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { port, host = "127.0.0.1", models = definitions.models } = options;
  const provider: Provider = {
    models,
    account: new Account(models),
    behaviours: new Behaviours(),
    answering: 0,
  };
  const server = createServer((request, response) => {
    serve(provider, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else if (error instanceof SyntaxError) sendError(response, 400, "The body is not JSON");
      else sendError(response, 500, String(error));
    });
  });
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

async function serve(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? "/", "http://simulator");
  const marker = url.searchParams.get("marker") ?? undefined;
  // OpenAI clients put `/v1` into the base URL or leave it out; both are served.
  switch (`${request.method} ${url.pathname.replace(/^\/v1\//, "/")}`) {
    case "POST /chat/completions":
      return complete(provider, await readJson(request), response);
    case "GET /models":
      return sendJson(response, 200, { object: "list", data: Object.keys(provider.models).map(modelEntry) });
    case "GET /healthz":
      return sendJson(response, 200, { status: "ok" });
    case "GET /_simulator/account":
      return sendJson(response, 200, { ...provider.account.totals(marker), answering: provider.answering });
    case "DELETE /_simulator/account":
      provider.account.reset();
      return sendJson(response, 200, {});
    case "GET /_simulator/requests":
      return sendJson(response, 200, provider.account.requests(marker));
    case "POST /_simulator/behaviour": {
      const parsed = behaviour.safeParse(await readJson(request));
      if (!parsed.success) return sendError(response, 400, z.prettifyError(parsed.error));
      provider.behaviours.add(parsed.data);
      return sendJson(response, 200, parsed.data);
    }
    case "DELETE /_simulator/behaviour":
      provider.behaviours.clear();
      return sendJson(response, 200, {});
    default:
      return sendError(response, 404, `There is no ${request.method} ${url.pathname}`);
  }
}

function modelEntry(id: string): object {
  return { id, object: "model", created: 0, owned_by: "llm-simulator" };
}
