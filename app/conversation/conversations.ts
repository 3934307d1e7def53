import { getActiveTraceId } from "@langfuse/tracing";
import { randomUUID } from "node:crypto";
import { formatUsd } from "../../litellm-config";
import { INTERNAL_MESSAGE, UserError } from "../errors";
import { InFlight } from "../in-flight";
import type { Ledger } from "../ledger/ledger";
import { IDLE_MS, type EndedConversation, type OpenConversation, type Store } from "../store/store";
import type { ToolContext } from "../tools/tool";
import { LONGEST_WAIT_MS, readCost } from "./cost";
import { Failure, FAILURES } from "./failures";
import { Question, type Answer, type QuestionParts } from "./question";
import { Session } from "./session";
import { traceQuestion } from "./trace";

/** How often abandoned conversations are looked for, in milliseconds. */
const EXPIRE_MS = 60_000;

/** Every customer's conversations: whose question it is, what was said before, and what is reported of it. */
export class Conversations {
  /** When each conversation that this instance took part in was last used, by customer and session. */
  private readonly recent = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly reports = new InFlight();
  private expiredAt = -Infinity;

  constructor(
    private readonly parts: QuestionParts,
    private readonly store: Store,
    private readonly ledger: Pick<Ledger, "costOf">,
  ) {
    this.timer = setInterval(() => void this.expire(), EXPIRE_MS);
    this.timer.unref();
  }

  /**
   * Answers a question in the context's session, or in a new one. A budget or limit that ends it is an answer too: the text
   * then is, or ends with, the guard's message.
   *
   * @throws UserError when no answer came; its message is for the customer.
   */
  async ask(question: string, context: ToolContext): Promise<Answer> {
    const { customerId } = context.customer;
    const sessionId = context.sessionId ?? randomUUID();
    const opened = await this.open(customerId, sessionId, context);
    const session = new Session(customerId, sessionId, opened);
    let answered: Answer | undefined;
    try {
      return (answered = await this.answer(question, session, { ...context, sessionId }));
    } finally {
      const turn = answered && { question, answer: answered.text };
      // The answer is there and paid for: a store that fails now must not take it away.
      await opened
        .finish(session.calls, turn)
        .catch((err: unknown) => this.reportStore(err, context, sessionId));
    }
  }

  /** Ends a session that its client has closed. */
  async end(customerId: string, sessionId: string): Promise<void> {
    const ended = await this.store.end(customerId, sessionId);
    if (ended) this.reportEnd(ended, "closed");
  }

  /** Ends once the questions that were answered are in the log. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.reports.drain(LONGEST_WAIT_MS);
  }

  private async open(customerId: string, sessionId: string, context: ToolContext): Promise<OpenConversation> {
    const { log, metrics } = this.parts.telemetry;
    // What has expired is not gone on with, even by an instance that was asleep until now.
    if (Date.now() - this.expiredAt > EXPIRE_MS) await this.expire();
    let opened: OpenConversation;
    try {
      opened = await this.store.open(customerId, sessionId, context.signal);
    } catch (error) {
      const why = context.signal.aborted ? error : new Failure("store_unavailable", { cause: error });
      throw this.forCustomer(why, customerId, sessionId, context.signal);
    }
    this.recent.set(keyOf(customerId, sessionId), Date.now());
    metrics.sessionsActive.set(this.recent.size);
    if (opened.isNew) {
      const fields = { customer_id: customerId, plan_tier: context.customer.tier, session_id: sessionId };
      log.info({ event: "session.started", ...fields }, "session started");
    }
    return opened;
  }

  private async expire(): Promise<void> {
    this.expiredAt = Date.now();
    for (const [key, usedAt] of this.recent) if (usedAt < Date.now() - IDLE_MS) this.recent.delete(key);
    this.parts.telemetry.metrics.sessionsActive.set(this.recent.size);
    try {
      for (const ended of await this.store.expire()) this.reportEnd(ended, "expired");
    } catch (err) {
      this.parts.telemetry.log.warn(
        { event: "request.error", err },
        "old conversations could not be forgotten",
      );
    }
  }

  private reportEnd({ customerId, sessionId, turns, llmCalls }: EndedConversation, reason: string): void {
    const { log, metrics } = this.parts.telemetry;
    this.recent.delete(keyOf(customerId, sessionId));
    metrics.conversationTurns.observe(turns);
    metrics.sessionsActive.set(this.recent.size);
    const fields = { customer_id: customerId, session_id: sessionId, turns, llm_calls: llmCalls, reason };
    log.info({ event: "session.ended", ...fields }, `session ended: ${reason}`);
  }

  private reportStore(err: unknown, { customer }: ToolContext, session_id: string): void {
    const fields = { customer_id: customer.customerId, session_id };
    this.parts.telemetry.log.error(
      { event: "request.error", err, ...fields },
      "an answer could not be remembered",
    );
  }

  private answer(text: string, session: Session, context: ToolContext): Promise<Answer> {
    const started = performance.now();
    const question = new Question(text, session, context, this.parts);
    const tags = {
      customer_id: session.customerId,
      plan_tier: context.customer.tier,
      session_id: session.sessionId,
      gcp_project: context.customer.gcpProject,
      environment: this.parts.environment,
    };
    return traceQuestion(tags, text, async (agent, tag) => {
      const { answer } = question;
      let outcome = "error";
      try {
        await question.run();
        outcome = answer.refused === null ? "ok" : "refused";
        agent.update({
          output: answer.text,
          ...(answer.refused !== null && { level: "WARNING", statusMessage: answer.refused }),
        });
        return answer;
      } catch (error) {
        const told = this.forCustomer(error, session.customerId, session.sessionId, context.signal);
        agent.update({
          output: told.message,
          level: "ERROR",
          statusMessage: reasonOf(error, context.signal),
        });
        throw told;
      } finally {
        const found = {
          query_type: answer.queryType,
          model_used: answer.models.at(-1) ?? null,
          tools_invoked: answer.toolsUsed,
        };
        tag(found);
        const seconds = (performance.now() - started) / 1_000;
        // The cost is known a moment after the answer, which does not wait for it.
        void this.reports.track(this.report(answer, { ...tags, ...found }, outcome, seconds));
      }
    });
  }

  private async report(
    answer: Answer,
    tags: { customer_id: string; session_id: string } & Record<string, unknown>,
    outcome: string,
    seconds: number,
  ): Promise<void> {
    const { log, metrics } = this.parts.telemetry;
    const query_type = answer.queryType ?? "unclassified";
    metrics.querySeconds.observe({ query_type, outcome }, seconds);
    metrics.llmCallsPerQuery.observe({ query_type }, answer.llmCalls);
    const { refused: reason, llmCalls: llm_calls } = answer;
    const degraded = answer.degradedBy !== undefined;
    const fields = { ...tags, outcome, reason, degraded, llm_calls, seconds, trace_id: getActiveTraceId() };
    const cost_nanos = await this.costOf(answer, tags);
    const cost = cost_nanos === null ? null : formatUsd(cost_nanos);
    log.info({ event: "query.answered", ...fields, cost, cost_nanos }, `question answered: ${outcome}`);
  }

  private async costOf(
    { callIds }: Answer,
    { customer_id, session_id }: { customer_id: string; session_id: string },
  ): Promise<number | null> {
    try {
      return await readCost(this.ledger, { customerId: customer_id, sessionId: session_id }, callIds);
    } catch (err) {
      const fields = { customer_id, session_id };
      this.parts.telemetry.log.warn(
        { event: "request.error", err, ...fields },
        "a question's cost could not be read",
      );
      return null;
    }
  }

  private forCustomer(error: unknown, customerId: string, sessionId: string, signal: AbortSignal): UserError {
    if (signal.aborted) return new UserError("The question was cancelled.", { cause: error });
    const { log, metrics } = this.parts.telemetry;
    const fields = { customer_id: customerId, session_id: sessionId, trace_id: getActiveTraceId() };
    if (error instanceof Failure) {
      metrics.providerErrors.inc({ code: error.code });
      log.error({ event: "provider.error", code: error.code, ...fields }, `no answer: ${error.code}`);
      return new UserError(FAILURES[error.code], { cause: error, isOurs: error.isOurs });
    }
    log.error({ event: "request.error", err: error, ...fields }, "a question failed");
    return new UserError(INTERNAL_MESSAGE, { cause: error, isOurs: true });
  }
}

/** For the trace, in a word: an error's text may repeat what was asked. */
function reasonOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "cancelled";
  return error instanceof Failure ? error.code : "internal_error";
}

/** Customer ids hold no slash (docs/interfaces.md), so the key is unambiguous. */
function keyOf(customerId: string, sessionId: string): string {
  return `${customerId}/${sessionId}`;
}
