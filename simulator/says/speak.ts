import { randomUUID } from "node:crypto";
import type { Answer, Conversation, ToolCall } from "../answer";
import { fromSchema } from "./from-schema";
import { inContext } from "./follow-up";
import { intentsOf, queryTypeOf, toolsFor } from "./intents";
import { summarize } from "./summary";

const MAX_PARALLEL_TOOLS = 3;

/**
 * The simulated model's output, from the conversation alone: it calls the tools for the last question, and answers once
 * their results are in the conversation.
 */
export function speak(conversation: Conversation): Answer {
  const { instructions, messages, answerSchema } = conversation;
  const asked = messages.findLastIndex(({ role }) => role === "user");
  const question = inContext(messages.flatMap(({ role, text }) => (role === "user" ? [text] : [])));
  const results = messages.slice(asked + 1).filter(({ role }) => role === "tool");

  const toolCalls = results.length > 0 ? [] : callsFor(conversation, question, today(instructions));
  if (toolCalls.length > 0) return { content: "", toolCalls };
  if (results.length > 0)
    return say([...caveats(question), summarize(results.map(({ text }) => text))].join("\n\n"));

  if (answerSchema) return say(JSON.stringify(fromSchema(answerSchema, question, today(instructions))));
  const queryTypes = instructions.match(/cost_analysis|recommendation|simple_lookup|action/g) ?? [];
  if (new Set(queryTypes).size === 4) return say(queryTypeOf(question));
  return say([...caveats(question), ...(isGreeting(question) ? [] : [OFF_TOPIC]), OFFER].join(" "));
}

const OFFER =
  "I can look up what you spend by service, project or day, what changed, recommendations and your budget.";

const OFF_TOPIC = "I only answer questions about what you spend on Google Cloud.";

function isGreeting(question: string): boolean {
  return /^\W*(?:hi|hello|hey|good (?:morning|afternoon|evening)|thanks|thank you|help)\b|^\W*$/i.test(
    question,
  );
}

/** What an answer begins with where the question wants more than any tool can do. */
function caveats(question: string): string[] {
  return [
    ...(/^\W*(?:please |can you |could you )*(?:delete|stop|resize|remove|apply|dismiss|turn off|shut down)\b/i.test(
      question,
    )
      ? ["I can look at your resources but not change them: nothing was changed."]
      : []),
    ...(/\b(?:next (?:week|month|year)|tomorrow|forecast|predict)\b/i.test(question)
      ? ["I have no forecast of your bill; what you spent of late is the best guide to it."]
      : []),
  ];
}

function say(content: string): Answer {
  return { content, toolCalls: [] };
}

function callsFor(conversation: Conversation, question: string, now: Date): ToolCall[] {
  const { tools, toolChoice, parallelTools } = conversation;
  if (toolChoice === "none" || tools.length === 0) return [];
  let chosen = toolsFor(intentsOf(question), question, tools);
  if (typeof toolChoice === "object") chosen = tools.filter(({ name }) => name === toolChoice.name);
  if (toolChoice === "required" && chosen.length === 0) chosen = tools.slice(0, 1);
  return chosen.slice(0, parallelTools ? MAX_PARALLEL_TOOLS : 1).map(({ name, parameters }) => ({
    id: randomUUID().replaceAll("-", "").slice(0, 24),
    name,
    args: fromSchema({ type: "object", ...parameters }, question, now),
  }));
}

/** The day that the conversation takes for today: the first date in its instructions, or the clock's. */
function today(instructions: string): Date {
  const named = /\b20\d\d-\d\d-\d\d\b/.exec(instructions);
  return named ? new Date(`${named[0]}T00:00:00Z`) : new Date();
}
