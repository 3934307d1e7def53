import {
  getActiveSpanId,
  getActiveTraceId,
  startActiveObservation,
  updateActiveObservation,
} from "@langfuse/tracing";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import { definitions, type QueryType } from "../../litellm-config";
import { dayOf } from "../dates";
import type { Telemetry } from "../telemetry";
import type { Tool, ToolContext } from "../tools/tool";
import { classifyByRules, readClassification } from "./classify";
import type { ChatCall, ChatReply, Gateway } from "./gateway";
import type { Prompt, Prompts } from "./prompts";
import { Failure, type FailureCode } from "./failures";
import { GatewayRefusal } from "./gateway-error";
import { routeFor, type Route } from "./route";
import type { Session } from "./session";
import { describeTools, readToolCalls, runToolCalls, type ReadCall } from "./tool-calls";

/** LLM calls that one question may take; the last one must answer. It ends a model that goes on calling tools. */
const MAX_CALLS = 8;
/** Seconds that a question waits, over all its calls, for money that its customer's other calls hold. */
const MAX_WAITED = 15;
/** Output tokens of the call that sorts a question: a word, and room to think for models that do. */
const CLASSIFY_TOKENS = 512;
/** Characters of a question, and of an earlier one, that the sorting reads. */
const CLASSIFY_CHARACTERS = 2_000;

/** What a question is answered with. */
export interface QuestionParts {
  gateway: Gateway;
  prompts: Prompts;
  tools: readonly Tool[];
  environment: string;
  telemetry: Telemetry;
}

/** A question's answer, and what it took. */
export interface Answer {
  text: string;
  sessionId: string;
  queryType: QueryType | null;
  route: string | null;
  models: string[];
  /** Whose budget moved it to a lighter model; undefined when none did. */
  degradedBy?: "conversation" | "month";
  /** The guard's code when a budget or limit ended the answer; its message is then the text, or its end. */
  refused: string | null;
  toolsUsed: string[];
  llmCalls: number;
  /** The calls by the ledger's ids; null for one that may have cost something and has no id here. */
  callIds: (string | null)[];
}

/** One question on its way to its answer: classify it, choose the route, call the model and the tools it asks for. */
export class Question {
  /** What is known so far; complete once `run` has returned. */
  readonly answer: Answer;
  private waited = 0;

  constructor(
    private readonly text: string,
    private readonly session: Session,
    private readonly context: ToolContext,
    private readonly parts: QuestionParts,
  ) {
    this.answer = {
      text: "",
      sessionId: session.sessionId,
      queryType: null,
      route: null,
      models: [],
      refused: null,
      toolsUsed: [],
      llmCalls: 0,
      callIds: [],
    };
  }

  /** @throws Failure when there is no answer; a refusal of the guard is one. */
  async run(): Promise<void> {
    const { answer } = this;
    try {
      const earlier = this.session.history.map(({ question }) => question);
      answer.queryType = classifyByRules(this.text, earlier) ?? (await this.classify(earlier));
      const route = routeFor(answer.queryType);
      answer.route = route.name;
      await this.converse(route, answer.queryType);
      if (answer.degradedBy) await this.add(DEGRADED_NOTES[answer.degradedBy]);
    } catch (error) {
      if (!(error instanceof GatewayRefusal)) throw error;
      answer.refused = error.code;
      await this.add(error.message);
    }
  }

  /** Asks the cheapest route what kind of question it is. */
  private async classify(earlier: readonly string[]): Promise<QueryType> {
    const before = earlier
      .slice(-2)
      .map((text) => `Earlier question: ${text.slice(0, CLASSIFY_CHARACTERS / 4)}`);
    const prompt = this.parts.prompts.get("classify");
    const reply = await this.call(routeFor("simple_lookup"), "simple_lookup", prompt, {
      messages: [
        { role: "system", content: prompt.text },
        { role: "user", content: [...before, this.text.slice(0, CLASSIFY_CHARACTERS)].join("\n\n") },
      ],
      maxTokens: CLASSIFY_TOKENS,
    });
    return readClassification(reply.text);
  }

  private async converse(route: Route, queryType: QueryType): Promise<void> {
    const { answer, context, parts } = this;
    const prompt = parts.prompts.get("assistant", {
      today: dayOf(context.now()),
      project: context.customer.gcpProject ?? "none yet",
    });
    const messages: ChatCompletionMessageParam[] = [
      { role: "system", content: prompt.text },
      ...this.session.messages(),
      { role: "user", content: this.text },
    ];
    updateActiveObservation({ metadata: { prompt_version: prompt.version } }, { asType: "agent" });
    const tools = describeTools(parts.tools);
    let maxTokens = route.maxTokens;
    for (let left = MAX_CALLS; ; left--) {
      const reply = await this.call(route, queryType, prompt, {
        messages,
        tools,
        toolChoice: left > 1 ? "auto" : "none",
        maxTokens,
        // Text before tool calls is shown as it arrives; the answer is the last text.
        onText: context.onText,
      });
      const calls = left > 1 ? readToolCalls(reply.toolCalls) : [];
      const problem = problemOf(reply, calls);
      if (problem !== undefined) {
        // A model that ran out of room, or said nothing, often does better once more: with twice the room.
        if (!ONCE_MORE.has(problem) || maxTokens > route.maxTokens || left <= 1) throw new Failure(problem);
        parts.telemetry.metrics.retriedAnswers.inc({ code: problem });
        maxTokens = route.maxTokens * 2;
        continue;
      }
      if (calls.length === 0) {
        answer.text = reply.text;
        if (reply.finish === "length") await this.add(TRUNCATED_NOTE);
        if (reply.finish === "content_filter") {
          parts.telemetry.metrics.providerErrors.inc({ code: "safety_stop" });
          await this.add(FILTERED_NOTE);
        }
        return;
      }
      messages.push({
        role: "assistant",
        content: reply.text || null,
        tool_calls: calls.map(({ call }) => call),
      });
      const results = runToolCalls(calls, parts.tools, context, parts.telemetry);
      const known = calls.map(({ call }) => call.function.name).filter((name) => isTool(parts.tools, name));
      answer.toolsUsed = [...new Set([...answer.toolsUsed, ...known])];
      messages.push(...(await results));
    }
  }

  /** One LLM call, counted, traced, and tried again when the guard asks to wait a moment. */
  private async call(
    route: Route,
    queryType: QueryType,
    prompt: Prompt,
    call: Omit<ChatCall, "model" | "metadata" | "signal">,
  ): Promise<ChatReply> {
    const { answer, session } = this;
    for (;;) {
      // The gateway counts too, over every agent; this spares it the question.
      if (session.allCalls >= definitions.session.calls) throw sessionIsOver();
      session.calls += 1;
      answer.llmCalls += 1;
      let callId = null as string | null;
      try {
        const reply = await startActiveObservation(`llm-call ${route.name}`, async (span) => {
          const metadata = { ...this.callMetadata(queryType), ...prompt.link };
          const done = await this.parts.gateway
            .chat({
              ...call,
              model: route.name,
              metadata,
              signal: this.context.signal,
              onCallId: (id) => (callId = id),
            })
            .catch((error: unknown) => {
              // A refusal is the budget at work, and no error; an error's text stays out of the trace.
              if (error instanceof GatewayRefusal)
                span.update({ level: "WARNING", statusMessage: error.code });
              else if (error instanceof Failure) span.update({ level: "ERROR", statusMessage: error.code });
              throw error;
            });
          span.update({ metadata: { model_used: done.model, degraded: done.degradedBy !== undefined } });
          return done;
        });
        // Each once, the one that answered last at the end.
        answer.models = [...answer.models.filter((model) => model !== reply.model), reply.model];
        answer.degradedBy ??= reply.degradedBy;
        answer.callIds.push(callId);
        return reply;
      } catch (error) {
        // A refusal without an id came before anything was held.
        if (callId !== null || !(error instanceof GatewayRefusal)) answer.callIds.push(callId);
        const seconds = error instanceof GatewayRefusal ? error.waitSeconds : undefined;
        if (seconds === undefined || this.waited + seconds > MAX_WAITED) throw error;
        this.waited += seconds;
        await this.context.onProgress?.(WAITING[(error as GatewayRefusal).code] ?? "Waiting a moment.");
        await sleep(seconds * 1_000, undefined, { signal: this.context.signal });
      }
    }
  }

  /** Who asks and what for. It comes from the authenticated customer, never from the question or the model. */
  private callMetadata(queryType: QueryType): ChatCall["metadata"] {
    const { customer } = this.context;
    return {
      customer_id: customer.customerId,
      session_id: this.session.sessionId,
      query_type: queryType,
      ...(customer.gcpProject !== null && { gcp_project: customer.gcpProject }),
      tools_invoked: this.answer.toolsUsed,
      environment: this.parts.environment,
      trace_id: getActiveTraceId(),
      parent_observation_id: getActiveSpanId(),
    };
  }

  private async add(text: string): Promise<void> {
    const added = this.answer.text === "" ? text : `\n\n${text}`;
    this.answer.text += added;
    await this.context.onText?.(added);
  }
}

/** Problems that may be gone when the model is asked again. A refusal is not. */
const ONCE_MORE = new Set<FailureCode>(["empty_answer", "thoughts_only", "truncated_tool_call"]);

/** Why a reply is unusable; undefined when it is usable. */
function problemOf(
  { text, finish, thought, refused }: ChatReply,
  calls: readonly ReadCall[],
): FailureCode | undefined {
  // A call cut off in its arguments would be run with others than the model meant.
  const isCut = finish === "length" && calls.some(({ input }) => input === undefined);
  if (isCut || finish === "malformed_function_call") return "truncated_tool_call";
  if (calls.length > 0 && finish !== "content_filter") return undefined;
  if (refused || finish === "refusal") return "model_refusal";
  if (text.trim() !== "") return undefined;
  if (finish === "content_filter") return "safety_stop";
  return finish === "length" || thought ? "thoughts_only" : "empty_answer";
}

function isTool(tools: readonly Tool[], name: string): boolean {
  return tools.some((tool) => tool.name === name);
}

const TRUNCATED_NOTE = "(The answer was cut short. Ask for less at once to get all of it.)";
const FILTERED_NOTE = "(The language model's safety filter stopped the answer here.)";

/** What a customer reads while a question waits. */
const WAITING: Readonly<Record<string, string>> = {
  budget_held: "Waiting for your other questions to finish: they hold the rest of your budget.",
  customer_busy: "Waiting for your other questions to finish.",
  tokens_per_minute: "Waiting a moment: this conversation has used its tokens for this minute.",
};

const degradedAt = definitions.thresholds.find(({ action }) => action === "degrade")?.percent;
const DEGRADED_NOTES = {
  month: `(Answered by a lighter model, because ${degradedAt} % of this month's budget is used.)`,
  conversation:
    "(Answered by a lighter model, because this conversation has nearly used its budget. A new one starts afresh.)",
};

function sessionIsOver(): GatewayRefusal {
  const message = `This conversation has reached its limit of ${definitions.session.calls} steps. Please start a new one.`;
  return new GatewayRefusal("session_calls", message, undefined);
}
