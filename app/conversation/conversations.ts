import { getActiveTraceId } from "@langfuse/tracing";
import { randomUUID } from "node:crypto";
import { INTERNAL_MESSAGE, UserError } from "../errors";
import { SessionStore } from "../sessions";
import type { ToolContext } from "../tools/tool";
import { Question, type Answer, type QuestionParts } from "./question";
import { GatewayFailure } from "./refusal";
import { Session } from "./session";
import { traceQuestion } from "./trace";

const IDLE_MS = 30 * 60_000;
const SESSIONS_A_CUSTOMER = 100;

/** Every customer's conversations: whose question it is, what was said before, and what is reported of it. */
export class Conversations {
  private readonly sessions: SessionStore<Session>;

  constructor(private readonly parts: QuestionParts) {
    const { log, metrics } = parts.telemetry;
    this.sessions = new SessionStore<Session>({
      idleMs: IDLE_MS,
      perCustomer: SESSIONS_A_CUSTOMER,
      onEnd: ({ customerId, sessionId, turns, calls }, reason) => {
        metrics.conversationTurns.observe(turns);
        metrics.sessionsActive.set(this.sessions.size);
        const fields = { customer_id: customerId, session_id: sessionId, turns, llm_calls: calls, reason };
        log.info({ event: "session.ended", ...fields }, `session ended: ${reason}`);
      },
    });
  }

  /**
   * Answers a question in the context's session, or in a new one. A budget or limit that ends it is an answer too: the text
   * then is, or ends with, the guard's message.
   *
   * @throws UserError when no answer came; its message is for the customer.
   */
  ask(question: string, context: ToolContext): Promise<Answer> {
    const session = this.open(context, context.sessionId ?? randomUUID());
    return session.inTurn(() => this.answer(question, session, { ...context, sessionId: session.sessionId }));
  }

  /** Ends a session that its client has closed. */
  end(customerId: string, sessionId: string): void {
    this.sessions.end(customerId, sessionId, "closed");
  }

  close(): void {
    this.sessions.close();
  }

  private open({ customer }: ToolContext, sessionId: string): Session {
    const known = this.sessions.get(customer.customerId, sessionId);
    if (known) return known;
    const session = new Session(customer.customerId, sessionId);
    this.sessions.set(customer.customerId, sessionId, session);
    const { log, metrics } = this.parts.telemetry;
    metrics.sessionsActive.set(this.sessions.size);
    const fields = { customer_id: customer.customerId, plan_tier: customer.tier, session_id: sessionId };
    log.info({ event: "session.started", ...fields }, "session started");
    return session;
  }

  private answer(text: string, session: Session, context: ToolContext): Promise<Answer> {
    const started = performance.now();
    session.turns += 1;
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
        session.remember(text, answer.text);
        agent.update({ output: answer.text, ...(answer.refused !== null && { level: "WARNING" }) });
        return answer;
      } catch (error) {
        agent.update({ level: "ERROR" });
        throw this.forCustomer(error, session, context.signal);
      } finally {
        const found = {
          query_type: answer.queryType,
          model_used: answer.models.at(-1) ?? null,
          tools_invoked: answer.toolsUsed,
        };
        tag(found);
        this.report(answer, { ...tags, ...found }, outcome, (performance.now() - started) / 1_000);
      }
    });
  }

  private report(answer: Answer, tags: Record<string, unknown>, outcome: string, seconds: number): void {
    const { log, metrics } = this.parts.telemetry;
    const query_type = answer.queryType ?? "unclassified";
    metrics.querySeconds.observe({ query_type, outcome }, seconds);
    metrics.llmCallsPerQuery.observe({ query_type }, answer.llmCalls);
    const { refused: reason, degraded, llmCalls: llm_calls } = answer;
    const fields = { ...tags, outcome, reason, degraded, llm_calls, seconds, trace_id: getActiveTraceId() };
    log.info({ event: "query.answered", ...fields }, `question answered: ${outcome}`);
  }

  private forCustomer(error: unknown, { customerId, sessionId }: Session, signal: AbortSignal): UserError {
    if (signal.aborted) return new UserError("The question was cancelled.", { cause: error });
    const { log, metrics } = this.parts.telemetry;
    const fields = { customer_id: customerId, session_id: sessionId, trace_id: getActiveTraceId() };
    if (error instanceof GatewayFailure) {
      metrics.providerErrors.inc({ code: error.code });
      log.error({ event: "provider.error", code: error.code, ...fields }, "the gateway gave no answer");
      const message = "The assistant cannot be reached at the moment. Please try again in a minute.";
      return new UserError(message, { cause: error });
    }
    log.error({ event: "request.error", err: error, ...fields }, "a question failed");
    return new UserError(INTERNAL_MESSAGE, { cause: error });
  }
}
