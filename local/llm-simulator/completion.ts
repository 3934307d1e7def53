import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Definitions } from "../../litellm-config";
import type { Account, RequestRecord, Usage } from "./account";
import { answer, type Answer } from "./answer";
import { markersIn, type Behaviour, type Behaviours } from "./behaviour";
import { chatRequest, outputLimit, textOf, type ChatRequest } from "./request";
import { sendError, sendPlain, sendStream, type Completion, type Delivery } from "./respond";
import { pieces, promptTokens, textOfTokens, textTokens, truncate } from "./tokens";

export interface Provider {
  models: Definitions["models"];
  account: Account;
  behaviours: Behaviours;
  /** Requests that are being answered now and are not in the account yet. */
  answering: number;
}

/** Answers `POST /v1/chat/completions` and writes it into the account. */
export async function complete(provider: Provider, body: unknown, response: ServerResponse): Promise<void> {
  provider.answering += 1;
  try {
    await answerTo(provider, body, response);
  } finally {
    provider.answering -= 1;
  }
}

async function answerTo(provider: Provider, body: unknown, response: ServerResponse): Promise<void> {
  const parsed = chatRequest.safeParse(body);
  if (!parsed.success) return sendError(response, 400, z.prettifyError(parsed.error));
  const request = parsed.data;
  const model = provider.models[request.model];
  if (!model) {
    return sendError(response, 404, `The model "${request.model}" does not exist`, "model_not_found");
  }

  const markers = markersIn(request.messages.map(textOf));
  const behaviour = provider.behaviours.take(request.model, markers);
  const record = recordOf(request, body as object, markers);
  const stillThere = watch(response);
  if (behaviour.latencyMs) await wait(behaviour.latencyMs);
  if (behaviour.status) {
    provider.account.add({ ...record, outcome: "refused", status: behaviour.status });
    return sendError(response, behaviour.status, `Simulated error ${behaviour.status}`);
  }

  const planned = plan(request, behaviour, outputLimit(request, model.maxOutputTokens));
  const extras = {
    webSearch: Boolean(request.web_search_options),
    priority: request.service_tier === "priority",
  };
  const bill = (usage: Usage, outcome: RequestRecord["outcome"]) => {
    const costNanos = provider.account.cost(request.model, usage, extras);
    provider.account.add({ ...record, usage, costNanos, outcome, clientLeft: !stillThere() });
  };
  const completion = {
    ...planned,
    id: record.id,
    model: request.model,
    n: record.n,
    usage: wantsUsage(request, behaviour) ? planned.usage : undefined,
  };

  // A call that hangs is billed at once: its answer was made, whether or not anybody ever reads it.
  const hangs = behaviour.hangAfterChunks !== undefined;
  if (hangs) bill(planned.usage, "hung");
  const delivery = await (request.stream ? sendStream : sendPlain)(response, completion, behaviour);
  if (!hangs) bill(delivered(planned, delivery, record.n), delivery.outcome);
}

/** Reads a request's JSON body. @throws SyntaxError when it is none. */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString("utf8")) as unknown;
}

type Planned = Pick<Completion, "answer" | "finish"> & { usage: Usage };

/** The whole answer and what a provider bills for it. */
function plan(request: ChatRequest, behaviour: Partial<Behaviour>, limit: number): Planned {
  const full = spoken(request, behaviour);
  const allowed = behaviour.ignoreMaxTokens ? Infinity : limit;
  const length = answerTokens(full);
  const cut = length > allowed;
  // A tool call cannot be cut in two and still be read, so a limit below its length leaves it out.
  const said = cut ? { content: truncate(full.content, allowed), toolCalls: [] } : full;
  const cachedTokens = behaviour.cachedTokens ?? 0;
  const cacheWriteTokens = behaviour.cacheWriteTokens ?? 0;
  return {
    answer: said,
    finish: cut ? "length" : said.toolCalls.length > 0 ? "tool_calls" : "stop",
    usage: {
      promptTokens: Math.max(
        promptTokens(request, behaviour.dense ?? false),
        cachedTokens + cacheWriteTokens,
      ),
      cachedTokens,
      cacheWriteTokens,
      completionTokens: (cut ? allowed : length) * (request.n ?? 1),
    },
  };
}

function spoken(request: ChatRequest, { content, outputTokens }: Partial<Behaviour>): Answer {
  if (outputTokens !== undefined) return { content: textOfTokens(outputTokens), toolCalls: [] };
  return content === undefined ? answer(request) : { content, toolCalls: [] };
}

function answerTokens({ content, toolCalls }: Answer): number {
  const calls = toolCalls.map((call) => textTokens(JSON.stringify(call.function)));
  return calls.reduce((sum, tokens) => sum + tokens, textTokens(content));
}

/** A provider that broke off bills what it made until then; every other call in full. */
function delivered({ answer, usage }: Planned, { outcome, piecesSent }: Delivery, n: number): Usage {
  if (outcome !== "cut") return usage;
  const text = pieces(answer.content).slice(0, piecesSent).join("");
  return { ...usage, completionTokens: textTokens(text) * n };
}

function wantsUsage(request: ChatRequest, behaviour: Partial<Behaviour>): boolean {
  if (behaviour.omitUsage) return false;
  return !request.stream || request.stream_options?.include_usage === true;
}

function recordOf(request: ChatRequest, body: object, markers: string[]): RequestRecord {
  return {
    id: `chatcmpl-sim-${randomUUID()}`,
    model: request.model,
    markers,
    stream: request.stream ?? false,
    n: request.n ?? 1,
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    parameters: Object.keys(body),
    outcome: "success",
    status: 200,
    clientLeft: false,
    usage: { promptTokens: 0, cachedTokens: 0, cacheWriteTokens: 0, completionTokens: 0 },
    costNanos: 0,
  };
}

/** Whether the client stayed until the answer's end. */
function watch(response: ServerResponse): () => boolean {
  let left = false;
  response.once("close", () => (left = !response.writableFinished));
  return () => !left;
}
