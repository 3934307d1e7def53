import { randomUUID } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** The body of a request that the agent sent. */
export interface SeenRequest {
  model: string;
  messages: Array<{ role: string; content: string | null; tool_call_id?: string; tool_calls?: unknown[] }>;
  tools?: Array<{ function: { name: string; parameters: Record<string, unknown> } }>;
  tool_choice?: string;
  max_tokens: number;
  stream: boolean;
  metadata: Record<string, unknown>;
  headers: IncomingHttpHeaders;
}

/** What the stand-in answers one call with. */
export interface Scripted {
  text?: string;
  /** A thinking model's reasoning before its answer, as LiteLLM sends it. */
  thoughts?: string;
  /** A model's refusal. */
  refusalText?: string;
  toolCalls?: Array<{ name: string; arguments: unknown }>;
  finish?: string;
  /** An error answer as the guard writes it. */
  refusal?: { status: number; code?: string; type?: string; message: string; retryAfter?: number };
  decision?: "allowed" | "degraded";
  /** Of a degraded call: `session_budget` where the conversation is short, not the month. */
  reason?: "ok" | "session_budget";
  model?: string;
  /** The ledger's id of the call; a refusal before anything was held has none. */
  callId?: string;
  /** Milliseconds before the first byte. */
  delay?: number;
  /** Break the connection after the text. */
  cut?: boolean;
}

export type Script = (request: SeenRequest, call: number) => Scripted;

/** A stand-in for the gateway: its API and headers (docs/interfaces.md), with answers from a script. */
export class ScriptedGateway {
  readonly requests: SeenRequest[] = [];
  ready = true;
  script: Script = () => ({ text: "ok" });
  private server?: Server;
  url = "";

  async start(): Promise<void> {
    this.server = createServer((req, res) => {
      if (req.url === "/health/readiness") {
        res.writeHead(this.ready ? 200 : 503).end();
        return;
      }
      let body = "";
      req.on("data", (chunk: Buffer) => (body += chunk.toString()));
      req.on("end", () => {
        const seen = { ...(JSON.parse(body) as SeenRequest), headers: req.headers };
        this.requests.push(seen);
        const scripted = this.script(seen, this.requests.length);
        setTimeout(() => answer(scripted), scripted.delay ?? 0).unref();
      });
      const answer = (scripted: Scripted) => {
        const { refusal, callId } = scripted;
        if (refusal) {
          res.writeHead(refusal.status, {
            "Content-Type": "application/json",
            "x-tollgate-decision": "refused",
            ...(callId !== undefined && { "x-tollgate-call-id": callId }),
            ...(refusal.retryAfter !== undefined && { "Retry-After": String(refusal.retryAfter) }),
          });
          const { code, type, message } = refusal;
          res.end(JSON.stringify({ error: { code, type, message } }));
          return;
        }
        res.writeHead(200, {
          "Content-Type": "text/event-stream",
          "x-tollgate-decision": scripted.decision ?? "allowed",
          "x-tollgate-reason": scripted.reason ?? "ok",
          "x-tollgate-call-id": callId ?? randomUUID(),
          "x-tollgate-model": scripted.model ?? "claude-sonnet-5-5",
        });
        for (const delta of deltasOf(scripted)) res.write(`data: ${JSON.stringify(chunk(delta))}\n\n`);
        if (scripted.cut) {
          // What was written is sent first.
          setTimeout(() => res.destroy(), 50);
          return;
        }
        const finish = scripted.finish ?? (scripted.toolCalls ? "tool_calls" : "stop");
        res.write(`data: ${JSON.stringify(chunk({}, finish))}\n\n`);
        res.end("data: [DONE]\n\n");
      };
    });
    await new Promise<void>((resolve) => this.server!.listen(0, "127.0.0.1", resolve));
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Forgets what it saw, and answers by another script. */
  reset(script: Script): void {
    this.requests.length = 0;
    this.script = script;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }
}

/** A script that plays its answers in order, the last one again and again. */
export function inOrder(...answers: Scripted[]): Script {
  return (_, call) => answers[Math.min(call, answers.length) - 1]!;
}

function deltasOf({ text, thoughts, refusalText, toolCalls }: Scripted): unknown[] {
  // Words come one by one, and a tool call's arguments in two pieces, as from a real provider.
  const words = (text ?? "").split(/(?<= )/).filter(Boolean);
  const calls = (toolCalls ?? []).flatMap((call, index) => {
    const args = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
    const id = `call_${index}`;
    return [
      { tool_calls: [{ index, id, type: "function", function: { name: call.name, arguments: "" } }] },
      { tool_calls: [{ index, function: { arguments: args.slice(0, 5) } }] },
      { tool_calls: [{ index, function: { arguments: args.slice(5) } }] },
    ];
  });
  const before = [
    ...(thoughts ? [{ reasoning_content: thoughts }] : []),
    ...(refusalText ? [{ refusal: refusalText }] : []),
  ];
  return [...before, ...words.map((content) => ({ content })), ...calls];
}

function chunk(delta: unknown, finish_reason: string | null = null) {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 0,
    model: "scripted",
    choices: [{ index: 0, delta, finish_reason }],
  };
}
