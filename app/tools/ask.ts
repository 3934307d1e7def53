import { z } from "zod";
import { definitions, formatUsd, QUERY_TYPES } from "../../litellm-config";
import type { Conversations } from "../conversation/conversations";
import type { Ledger, Usage } from "../ledger/ledger";
import { readUntil } from "../read-until";
import { defineTool, type Tool } from "./tool";

/** The longest question, in characters: a pasted log would be paid for with every call. */
const MAX_QUESTION = 8_000;

/** Milliseconds before the ledger is asked again while this session's last call is settled. */
const PAUSES_MS = Array<number>(9).fill(50);

/** The conversation as a tool. With a progress token the answer streams as progress messages while it is made. */
export function createAsk(conversations: Conversations): Tool {
  return defineTool({
    name: "ask",
    title: "Ask about your cloud costs",
    description:
      "Answers a question about the customer's Google Cloud bill in words: what was spent, why it changed, how to save. It " +
      "calls language models, which are paid from the plan's monthly budget. Give the returned session_id to go on with a " +
      "conversation.",
    annotations: { readOnlyHint: true, idempotentHint: false, openWorldHint: true },
    // A question is one trace: the agent's observation with the question and the answer is its root.
    tracesItself: true,
    input: z.strictObject({
      question: z.string().trim().min(1).max(MAX_QUESTION),
      session_id: z
        .string()
        .regex(/^[A-Za-z0-9_.:-]{1,128}$/)
        .optional()
        .describe("The conversation to go on with; a new one when absent"),
    }),
    output: z.object({
      answer: z.string(),
      session_id: z.string(),
      query_type: z.enum(QUERY_TYPES).nullable(),
      route: z.string().nullable(),
      models: z.array(z.string()).describe("That answered, in order of first use"),
      degraded: z.boolean().describe("A lighter model answered because the budget is nearly used"),
      refused: z.string().nullable().describe("Why a budget or limit ended the answer; null when none did"),
      tools_used: z.array(z.string()),
      llm_calls: z.int().describe("That this answer took"),
      cost: z
        .object({
          session_spent: z.string(),
          session_left: z.string(),
          session_spent_nanos: z.int(),
          month_spent: z.string(),
          month_left: z.string(),
          month_spent_nanos: z.int(),
          month_cap_nanos: z.int(),
        })
        .nullable()
        .describe("US dollars, this conversation and this month; null when the ledger could not be read"),
    }),
    async execute({ question, session_id }, context) {
      const sessionId = session_id ?? context.sessionId;
      const answer = await conversations.ask(question, { ...context, sessionId });
      return {
        answer: answer.text,
        session_id: answer.sessionId,
        query_type: answer.queryType,
        route: answer.route,
        models: answer.models,
        degraded: answer.degradedBy !== undefined,
        refused: answer.refused,
        tools_used: answer.toolsUsed,
        llm_calls: answer.llmCalls,
        // The answer is there and paid for: a ledger that fails now must not take it away.
        cost: await settledUsage(context.ledger, context.customer.customerId, answer.sessionId).then(
          describeCost,
          () => null,
        ),
      };
    },
  });
}

/** The usage once this session's calls are settled, which the gateway does just after the last byte of its answer. */
function settledUsage(ledger: Ledger, customerId: string, sessionId: string): Promise<Usage> {
  return readUntil(
    () => ledger.usage(customerId, sessionId),
    ({ session }) => session.heldNanos === 0,
    PAUSES_MS,
  );
}

function describeCost({ spentNanos, heldNanos, capNanos, session }: Usage) {
  const sessionLeft = definitions.session.budget - session.spentNanos - session.heldNanos;
  return {
    session_spent: formatUsd(session.spentNanos),
    session_left: formatUsd(Math.max(0, sessionLeft)),
    session_spent_nanos: session.spentNanos,
    month_spent: formatUsd(spentNanos),
    month_left: formatUsd(Math.max(0, capNanos - spentNanos - heldNanos)),
    month_spent_nanos: spentNanos,
    month_cap_nanos: capNanos,
  };
}
