import type { ChatCompletionMessageParam } from "openai/resources/chat/completions";

/** Earlier questions and answers that a call carries along, and their length in characters: what a follow-up needs. */
const MAX_TURNS = 10;
const MAX_CHARACTERS = 24_000;

/** What is remembered of one conversation. */
export class Session {
  /** Questions asked. */
  turns = 0;
  /** LLM calls made. */
  calls = 0;
  private history: Array<{ question: string; answer: string }> = [];
  private last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly customerId: string,
    readonly sessionId: string,
  ) {}

  /** Runs one question at a time: each answer is part of the next question's history. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const run = this.last.then(work, work);
    this.last = run.catch(() => undefined);
    return run;
  }

  remember(question: string, answer: string): void {
    this.history.push({ question, answer });
    const length = () =>
      this.history.reduce((sum, turn) => sum + turn.question.length + turn.answer.length, 0);
    while (this.history.length > MAX_TURNS || length() > MAX_CHARACTERS) this.history.shift();
  }

  /** The earlier turns as messages. Tool results are left out: they are long, and a new question fetches its own. */
  messages(): ChatCompletionMessageParam[] {
    return this.history.flatMap(({ question, answer }): ChatCompletionMessageParam[] => [
      { role: "user", content: question },
      { role: "assistant", content: answer },
    ]);
  }
}
