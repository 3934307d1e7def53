import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { z } from "zod";

/** Seconds that an answer may take: several LLM calls and queries. */
const TIMEOUT = 300;

const answer = z.object({
  answer: z.string(),
  session_id: z.string(),
  query_type: z.string().nullable(),
  route: z.string().nullable(),
  models: z.array(z.string()),
  degraded: z.boolean(),
  refused: z.string().nullable(),
  llm_calls: z.int(),
});
export type Answer = z.output<typeof answer>;

/** The agent as a customer sees it: one connection, and questions in one conversation. */
export interface AgentClient {
  /**
   * Asks a question; with a `session_id` it goes on with that conversation.
   *
   * @param onText called with the answer's text as it is made
   * @throws Error with the agent's words when it cannot answer.
   */
  ask(question: string, sessionId?: string, onText?: (text: string) => void): Promise<Answer>;
  close(): Promise<void>;
  /** Closes it and ends the conversation, which the agent otherwise remembers for half an hour. */
  end(): Promise<void>;
}

/**
 * Connects to an agent.
 *
 * @param url the agent's address, without a path
 * @param key the customer's key
 * @throws Error when it cannot be reached or does not know the key.
 */
export async function connectAgent(url: string, key: string): Promise<AgentClient> {
  const client = new Client({ name: "tollgate-local", version: "0.1.0" });
  const transport = new StreamableHTTPClientTransport(new URL("/mcp", url), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  });
  await client.connect(transport);
  return {
    async ask(question, session_id, onText) {
      const result = await client.callTool(
        { name: "ask", arguments: { question, ...(session_id ? { session_id } : {}) } },
        {
          timeout: TIMEOUT * 1000,
          resetTimeoutOnProgress: true,
          onprogress: ({ message }) => message !== undefined && onText?.(message),
        },
      );
      if (result.isError) throw new Error(textOf(result.content));
      return answer.parse(result.structuredContent);
    },
    close: () => client.close(),
    end: async () => {
      await transport.terminateSession();
      await client.close();
    },
  };
}

function textOf(content: unknown): string {
  return z
    .array(z.object({ text: z.string().default("") }))
    .parse(content)
    .map(({ text }) => text)
    .join("\n");
}
