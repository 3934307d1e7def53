import { definitions, formatUsd } from "../../litellm-config";
import { connectAgent, type Answer } from "../agent-client";
import { withClient } from "../../ops/workspace/pg-client";
import { callTable, dim } from "./report";
import { balanceOf, callsOf } from "./ledger-reading";
import { SAMPLE_CUSTOMER } from "./sample-customer";
import { ledgerUrl, portOf, type StackSettings } from "./settings";

/**
 * One of each kind: a look-up, an analysis, a recommendation. The time makes the conversation a new one, for the gateway
 * answers a repeated one from its cache and charges nothing.
 */
const questions = (time: string) => [
  `It is ${time} UTC. How much did we spend last week?`,
  "Why did my costs go up last week?",
  "What should we change to save money?",
];

export interface Conversation {
  sessionId: string;
  answers: Answer[];
}

/**
 * Asks the sample questions in one conversation and prints each answer, what each of its LLM calls cost by the ledger, and
 * what is left of the budgets.
 *
 * @throws Error when the agent cannot be reached or cannot answer.
 */
export async function holdSampleConversation(settings: StackSettings, key: string): Promise<Conversation> {
  const agent = await connectAgent(`http://127.0.0.1:${portOf(settings, "agent")}`, key);
  const answers: Answer[] = [];
  try {
    for (const question of questions(new Date().toISOString().slice(11, 19))) {
      console.log(`\n> ${question}`);
      const answer = await agent.ask(question, answers[0]?.session_id);
      console.log(answer.answer);
      await printCost(settings, answer);
      answers.push(answer);
    }
  } finally {
    await agent.close();
  }
  return { sessionId: answers[0]!.session_id, answers };
}

async function printCost(settings: StackSettings, { session_id, llm_calls }: Answer): Promise<void> {
  const { customerId } = SAMPLE_CUSTOMER;
  await withClient(ledgerUrl(settings, "ledger-reader-url"), async (ledger) => {
    const calls = await callsOf(ledger, customerId, session_id);
    const month = await balanceOf(ledger, customerId);
    const session = await balanceOf(ledger, customerId, session_id);
    const left = (cap: number, { spentNanos, heldNanos }: typeof month) =>
      `${formatUsd(cap - spentNanos - heldNanos)} of ${formatUsd(cap)}`;
    console.log(callTable(calls.slice(-llm_calls)));
    console.log(
      dim(
        `left of this conversation ${left(definitions.session.budget, session)}, of this month ${left(month.capNanos, month)}`,
      ),
    );
  });
}
