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
import { GatewayFailure, GatewayRefusal } from "./refusal";
import { routeFor, type Route } from "./route";
import type { Session } from "./session";
import { describeTools, runToolCalls } from "./tool-calls";

/** LLM calls that one question may take; the last one must answer. It ends a model that goes on calling tools. */
const MAX_CALLS = 8;
/** How often a call is tried again that the guard refused for a moment only. */
const MAX_WAITS = 3;

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
  degraded: boolean;
  /** The guard's code when a budget or limit ended the answer; its message is then the text, or its end. */
  refused: string | null;
  toolsUsed: string[];
  llmCalls: number;
}

/** One question on its way to its answer: classify it, choose the route, call the model and the tools it asks for. */
export class Question {
  /** What is known so far; complete once `run` has returned. */
  readonly answer: Answer;

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
      degraded: false,
      refused: null,
      toolsUsed: [],
      llmCalls: 0,
    };
  }

  /** @throws GatewayFailure when there is no answer; a refusal is one. */
  async run(): Promise<void> {
    const { answer } = this;
    try {
      answer.queryType = classifyByRules(this.text) ?? (await this.classify());
      const route = routeFor(answer.queryType);
      answer.route = route.name;
      await this.converse(route, answer.queryType);
      if (answer.degraded) await this.add(DEGRADED_NOTE);
    } catch (error) {
      if (!(error instanceof GatewayRefusal)) throw error;
      answer.refused = error.code;
      await this.add(error.message);
    }
  }

  /** Asks the cheapest route what kind of question it is. */
  private async classify(): Promise<QueryType> {
    const prompt = this.parts.prompts.get("classify");
    const reply = await this.call(routeFor("simple_lookup"), "simple_lookup", prompt, {
      messages: [
        { role: "system", content: prompt.text },
        { role: "user", content: this.text.slice(0, 2_000) },
      ],
      maxTokens: 16,
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
    for (let left = MAX_CALLS; ; left--) {
      const reply = await this.call(route, queryType, prompt, {
        messages,
        tools,
        toolChoice: left > 1 ? "auto" : "none",
        maxTokens: route.maxTokens,
        // What a model says before it calls tools is shown as it comes; the answer is what it says in the end.
        onText: context.onText,
      });
      if (reply.toolCalls.length === 0 || left <= 1) {
        if (reply.text === "") throw new GatewayFailure("empty_answer");
        answer.text = reply.text;
        if (reply.truncated) await this.add(TRUNCATED_NOTE);
        return;
      }
      messages.push({ role: "assistant", content: reply.text || null, tool_calls: reply.toolCalls });
      const results = runToolCalls(reply.toolCalls, parts.tools, context, parts.telemetry);
      answer.toolsUsed = [
        ...new Set([...answer.toolsUsed, ...reply.toolCalls.map((call) => call.function.name)]),
      ];
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
    for (let waits = 0; ; waits++) {
      // The gateway counts too, over every agent; this spares it the question.
      if (session.calls >= definitions.session.calls) throw sessionIsOver();
      session.calls += 1;
      answer.llmCalls += 1;
      try {
        const reply = await startActiveObservation(`llm-call ${route.name}`, async (span) => {
          const metadata = { ...this.callMetadata(queryType), ...prompt.link };
          const done = await this.parts.gateway.chat({
            ...call,
            model: route.name,
            metadata,
            signal: this.context.signal,
          });
          span.update({ metadata: { model_used: done.model, degraded: done.degraded } });
          return done;
        });
        if (!answer.models.includes(reply.model)) answer.models.push(reply.model);
        answer.degraded ||= reply.degraded;
        return reply;
      } catch (error) {
        const seconds = error instanceof GatewayRefusal ? error.waitSeconds : undefined;
        if (seconds === undefined || waits >= MAX_WAITS) throw error;
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

const TRUNCATED_NOTE = "(The answer was cut short: ask for less at once.)";

const degradedAt = definitions.thresholds.find(({ action }) => action === "degrade")?.percent;
const DEGRADED_NOTE = `(Answered by a lighter model, because ${degradedAt} % of this month's budget is used.)`;

function sessionIsOver(): GatewayRefusal {
  const message = `This conversation has reached its limit of ${definitions.session.calls} steps. Please start a new one.`;
  return new GatewayRefusal("session_calls", message, undefined);
}
