/** A question and its answer. */
export interface Turn {
  question: string;
  answer: string;
}

/** A conversation while one question in it is answered. Whoever else asks in it waits until `finish`. */
export interface OpenConversation {
  /** Questions asked, this one included. */
  turns: number;
  /** LLM calls of the questions before. */
  llmCalls: number;
  /** The last turns, oldest first. */
  history: Turn[];
  isNew: boolean;
  /**
   * Lets the next question in.
   *
   * @param llmCalls that this question took.
   * @param turn absent when there is no answer to remember.
   */
  finish(llmCalls: number, turn?: Turn): Promise<void>;
}

/** A conversation that is over. */
export interface EndedConversation {
  customerId: string;
  sessionId: string;
  turns: number;
  llmCalls: number;
}

/** Turns that are remembered, and how long after the last question, in milliseconds. */
export const MAX_TURNS = 10;
export const IDLE_MS = 30 * 60_000;

/**
 * What is remembered between requests, shared by all instances, by customer and session id: a session id of one customer
 * means nothing to another.
 */
export interface Store {
  /**
   * Opens a conversation for one question, a new one where there is none. Waits while another question in it is answered.
   *
   * @param signal ends the wait.
   */
  open(customerId: string, sessionId: string, signal: AbortSignal): Promise<OpenConversation>;
  /** Forgets a conversation. @returns it, or undefined when there is none. */
  end(customerId: string, sessionId: string): Promise<EndedConversation | undefined>;
  /** Forgets all that is older than `IDLE_MS`. @returns the conversations among it, each returned to one caller only. */
  expire(): Promise<EndedConversation[]>;

  /** Keeps the initialize request of an MCP session. */
  saveMcpSession(customerId: string, sessionId: string, initialize: unknown): Promise<void>;
  /** The session's initialize request, counted as a use of it; undefined when there is no such session. */
  mcpSession(customerId: string, sessionId: string): Promise<unknown>;
  endMcpSession(customerId: string, sessionId: string): Promise<void>;

  /** Keeps a response, for a client that lost the stream it was sent on. */
  saveAnswer(customerId: string, streamId: string, event: number, message: unknown): Promise<void>;
  /** The responses on a stream after an event. */
  answersAfter(
    customerId: string,
    streamId: string,
    event: number,
  ): Promise<Array<{ event: number; message: unknown }>>;

  close(): Promise<void>;
}
