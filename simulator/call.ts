import { randomUUID } from "node:crypto";
import type { ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { NO_USAGE, type Account, type RequestRecord } from "./account";
import type { Answer, Completion, Finish, Usage } from "./answer";
import { markersIn, type Behaviour, type Behaviours } from "./behaviour";
import { sendJson, sendPlain, sendStream, type Delivery } from "./deliver";
import { bill } from "./prices";
import type { PromptCache } from "./prompt-cache";
import { speak } from "./says/speak";
import {
  answerTokens,
  piecesOf,
  promptTokens,
  textOfTokens,
  TOKENS_PER_BYTE,
  tokensOfPieces,
  truncate,
} from "./tokens";
import { ApiError } from "./api-error";
import type { Call, Wire } from "./wire";

export interface Provider {
  account: Account;
  behaviours: Behaviours;
  cache: PromptCache;
  /** Requests that are being answered now and are not in the account yet. */
  answering: number;
}

/** A request of one of the wires, before it is read. */
export interface Incoming {
  wire: Wire;
  body: unknown;
  bytes: number;
  response: ServerResponse;
  /** @throws ApiError when the provider would refuse it. */
  read: () => Call;
}

/** Reads a call, answers it and writes it into the account. */
export async function complete(provider: Provider, incoming: Incoming): Promise<void> {
  provider.answering += 1;
  try {
    const call = readOrRefuse(provider, incoming);
    if (call) await answerTo(provider, incoming, call);
  } finally {
    provider.answering -= 1;
  }
}

/** Answers a request for embeddings, in the wire that its reader makes of it. */
export function embed(
  provider: Provider,
  incoming: Omit<Incoming, "read">,
  read: () => { call: Call; wire: Wire },
): Promise<void> {
  const answered: Incoming = {
    ...incoming,
    read: () => {
      const { call, wire } = read();
      answered.wire = wire;
      return call;
    },
  };
  return complete(provider, answered);
}

/** Answers a counting endpoint: the prompt's tokens, exactly as a call would be billed, and free. */
export async function count(
  provider: Provider,
  incoming: Incoming,
  reply: (tokens: number) => object,
): Promise<void> {
  const call = readOrRefuse(provider, incoming, "count");
  if (!call) return;
  const { wire, response } = incoming;
  const markers = markersOf(call);
  const behaviour = provider.behaviours.take("count", call.model, markers);
  const generation = provider.behaviours.find("generate", call.model, markers) ?? {};
  const record = recordOf(incoming, call, markers, "count");
  if (behaviour.latencyMs) await wait(behaviour.latencyMs);
  if (behaviour.status) return refuse(provider, incoming, record, behaviour);
  const tokens = tokensOfPrompt(call, generation);
  provider.account.add({ ...record, usage: { ...NO_USAGE, promptTokens: tokens } });
  if (behaviour.hangAfterChunks === 0) await new Promise((closed) => response.once("close", closed));
  else sendJson(response, 200, behaviour.body ? wire.error(new ApiError(500, "Simulated")) : reply(tokens));
}

async function answerTo(provider: Provider, incoming: Incoming, call: Call): Promise<void> {
  const { wire, response } = incoming;
  const markers = markersOf(call);
  const behaviour = provider.behaviours.take("generate", call.model, markers);
  const record = recordOf(incoming, call, markers, "generate");
  const stillThere = watch(response);
  if (behaviour.latencyMs) await wait(behaviour.latencyMs);
  if (behaviour.status) return refuse(provider, incoming, record, behaviour);

  const completion = attempt(provider, incoming, record, () => plan(provider, call, behaviour, record.id));
  if (!completion) return;
  const charge = (usage: Usage, outcome: RequestRecord["outcome"]) => {
    const costNanos = bill(call.model, usage, call.surcharges);
    provider.account.add({ ...record, usage, costNanos, outcome, clientLeft: !stillThere() });
  };
  // A call that hangs is billed at once: its answer was made, whether or not anybody ever reads it.
  const hangs = behaviour.hangAfterChunks !== undefined || behaviour.forever !== undefined;
  if (hangs) charge(completion.usage, "hung");
  const delivery = await (call.stream ? sendStream : sendPlain)(wire, response, completion, behaviour);
  if (!hangs) charge(generated(completion, delivery), delivery.outcome);
}

/** The whole answer and what a provider bills for it. */
function plan(provider: Provider, call: Call, behaviour: Partial<Behaviour>, id: string): Completion {
  const whole = tokensOfPrompt(call, behaviour);
  if (whole > call.publicModel.maxPromptTokens) {
    throw new ApiError(
      400,
      `prompt is too long: ${whole} tokens > ${call.publicModel.maxPromptTokens} maximum`,
    );
  }
  const cache = { ...call.cacheUse(provider.cache, tokensPerByte(behaviour)), ...cacheOf(behaviour) };
  const limit = Math.min(call.maxTokens ?? Infinity, call.publicModel.maxOutputTokens);
  const allowed = behaviour.ignoreMaxTokens ? Infinity : limit;
  const wanted = call.mayReason ? (behaviour.reasoningTokens ?? call.reasoningTokens) : 0;
  const reasoning = Math.min(wanted, allowed);
  const { answer, tokens, finish, stopSequence } = say(call, behaviour, allowed - reasoning);
  return {
    id,
    model: call.model,
    ...(reasoning > 0 && { thinking: thinkingOf(call, behaviour, reasoning) }),
    answer,
    pieces: piecesOf(answer),
    n: call.n,
    finish,
    stopSequence,
    usage: {
      promptTokens: Math.max(whole, cache.cachedTokens + cache.cacheWriteTokens),
      ...cache,
      completionTokens:
        (behaviour.forever === "text" && limit < Infinity ? limit : tokens + reasoning) * call.n,
      reasoningTokens: reasoning * call.n,
    },
    reportsUsage: !(call.withoutUsage || behaviour.omitUsage || behaviour.usage === "omitted"),
    webSearches: call.surcharges.webSearches,
    priority: call.surcharges.factor === 2,
  };
}

interface Said {
  answer: Answer;
  tokens: number;
  finish: Finish;
  stopSequence?: string;
}

function say(call: Call, behaviour: Partial<Behaviour>, allowed: number): Said {
  if (behaviour.finish === "blocked") {
    return { answer: { content: "", toolCalls: [] }, tokens: 0, finish: "blocked" };
  }
  const full = spoken(call, behaviour);
  const stop = call.stopSequences
    .map((text) => ({ text, at: full.content.indexOf(text) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0];
  const said = stop ? { content: full.content.slice(0, stop.at), toolCalls: [] } : full;
  const length = answerTokens(said);
  if (length > allowed) {
    // A tool call cannot be cut in two and still be read, so a limit below its length leaves it out.
    const cut = { content: truncate(said.content, allowed), toolCalls: [] };
    return { answer: cut, tokens: allowed, finish: behaviour.finish ?? "length" };
  }
  const finish = stop ? "stop_sequence" : said.toolCalls.length > 0 ? "tool_calls" : "stop";
  return { answer: said, tokens: length, finish: behaviour.finish ?? finish, stopSequence: stop?.text };
}

function spoken(call: Call, { content, outputTokens }: Partial<Behaviour>): Answer {
  if (outputTokens !== undefined) return { content: textOfTokens(outputTokens), toolCalls: [] };
  return content === undefined ? speak(call.conversation) : { content, toolCalls: [] };
}

function thinkingOf(call: Call, behaviour: Partial<Behaviour>, tokens: number): Completion["thinking"] {
  return {
    text: call.showsThinking ? textOfTokens(Math.min(tokens, 64)).trim() : "",
    signature: Buffer.from(`simulated thought of ${tokens} tokens`).toString("base64"),
    redacted: behaviour.redactedThinking ?? false,
  };
}

function cacheOf(behaviour: Partial<Behaviour>): Partial<Usage> {
  const { cachedTokens, cacheWriteTokens, cacheWriteHourTokens } = behaviour;
  if ((cachedTokens ?? cacheWriteTokens ?? cacheWriteHourTokens) === undefined) return {};
  const hour = cacheWriteHourTokens ?? 0;
  return {
    cachedTokens: cachedTokens ?? 0,
    cacheWriteTokens: Math.max(cacheWriteTokens ?? 0, hour),
    cacheWriteHourTokens: hour,
  };
}

function tokensOfPrompt({ prompt }: Call, behaviour: Partial<Behaviour>): number {
  const read = behaviour.normalises
    ? prompt.map((part) => ({ ...part, text: part.text.normalize("NFKC") }))
    : prompt;
  return promptTokens(read, tokensPerByte(behaviour));
}

function tokensPerByte({ dense, tokensPerByte }: Partial<Behaviour>): number {
  return tokensPerByte ?? (dense ? 1 : TOKENS_PER_BYTE);
}

/** A provider that broke off bills what it made until then, reasoning included; every other call in full. */
function generated({ usage, pieces, n }: Completion, { outcome, piecesSent }: Delivery): Usage {
  if (outcome !== "cut") return usage;
  const sent = tokensOfPieces(pieces.slice(0, piecesSent)) * n;
  return { ...usage, completionTokens: Math.min(usage.completionTokens, usage.reasoningTokens + sent) };
}

function readOrRefuse(
  provider: Provider,
  incoming: Incoming,
  endpoint: "generate" | "count" = "generate",
): Call | undefined {
  // An invalid request has no field that could be trusted; its text is searched for the markers.
  const text = JSON.stringify(incoming.body) ?? "";
  const record = () => ({
    ...recordOf(incoming, undefined, markersIn([text]), endpoint),
    model: /"model":"([^"]{1,100})"/.exec(text)?.[1] ?? "",
  });
  return attempt(provider, incoming, record, incoming.read);
}

/** Runs what may find the request invalid, and then refuses it. */
function attempt<T>(
  provider: Provider,
  incoming: Incoming,
  record: RequestRecord | (() => RequestRecord),
  run: () => T,
): T | undefined {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, message } = error;
    const base = typeof record === "function" ? record() : record;
    provider.account.add({ ...base, outcome: "refused", status, refusal: message });
    sendJson(incoming.response, status, incoming.wire.error(error));
    return undefined;
  }
}

function refuse(
  provider: Provider,
  incoming: Incoming,
  record: RequestRecord,
  behaviour: Partial<Behaviour>,
): void {
  const status = behaviour.status!;
  provider.account.add({ ...record, outcome: "refused", status });
  const retryAfter = behaviour.retryAfter ?? (status === 429 ? 1 : undefined);
  const headers = retryAfter === undefined ? {} : { "retry-after": String(retryAfter) };
  const error = new ApiError(status, `Simulated error ${status}`);
  sendJson(incoming.response, status, incoming.wire.error(error), headers);
}

function markersOf({ conversation }: Call): string[] {
  return markersIn([conversation.instructions, ...conversation.messages.map(({ text }) => text)]);
}

function recordOf(
  { wire, bytes, body }: Incoming,
  call: Call | undefined,
  markers: string[],
  endpoint: "generate" | "count",
): RequestRecord {
  return {
    id: randomUUID(),
    wire: wire.name,
    endpoint,
    model: call?.model ?? "",
    markers,
    stream: call?.stream ?? false,
    n: call?.n ?? 1,
    maxTokens: call?.maxTokens ?? null,
    parameters: call?.parameters ?? Object.keys((body as object | null) ?? {}),
    bytes,
    outcome: "success",
    status: 200,
    refusal: null,
    clientLeft: false,
    usage: NO_USAGE,
    costNanos: 0,
  };
}

/** Whether the client stayed until the answer's end. */
function watch(response: ServerResponse): () => boolean {
  let left = false;
  response.once("close", () => (left = !response.writableFinished));
  return () => !left;
}
