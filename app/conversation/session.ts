import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";
import type { OpenConversation, Turn } from "../store/store";

/** Characters of earlier questions and answers that a call carries along: what a follow-up needs. */
const MAX_CHARACTERS = 24_000;

/** One conversation while a question in it is answered. */
export class Session {
  /** LLM calls of this question. */
  calls = 0;
  /** The earlier turns that are carried along, oldest first. */
  readonly history: readonly Turn[];

  constructor(
    readonly customerId: string,
    readonly sessionId: string,
    private readonly opened: OpenConversation,
  ) {
    const lengthOf = ({ question, answer }: Turn) => question.length + answer.length;
    let room = MAX_CHARACTERS;
    const kept = opened.history.findLastIndex((turn) => (room -= lengthOf(turn)) < 0);
    this.history = opened.history.slice(kept + 1);
  }

  /** LLM calls of all the conversation's questions. */
  get allCalls(): number {
    return this.opened.llmCalls + this.calls;
  }

  /** The earlier turns as messages. Tool results are left out: they are long, and a new question fetches its own. */
  messages(): ChatCompletionMessageParam[] {
    return this.history.flatMap(({ question, answer }): ChatCompletionMessageParam[] => [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ]);
  }
}
