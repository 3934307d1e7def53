import type { Client } from "@modelcontextprotocol/client";
import { inOrder, type Script } from "../support/scripted-gateway";
import { KEY, startHarness, type Harness } from "./harness";

export interface Asked {
  isError?: boolean;
  text: string;
  streamed: string[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the shape is checked by the client against the tool's schema
  answer: any;
}

export interface Asking {
  harness: Harness;
  client: Client;
  ask(question: string, script: Script, session_id?: string): Promise<Asked>;
}

/** The agent, and a customer who asks it questions while the gateway follows a script. */
export async function startAsking(): Promise<Asking> {
  const harness = await startHarness();
  const client = await harness.connect(KEY, true);
  return {
    harness,
    client,
    async ask(question, script, session_id) {
      harness.gateway.reset(script);
      const streamed: string[] = [];
      const result = await client.callTool(
        { name: "ask", arguments: { question, session_id } },
        { onprogress: ({ message }) => streamed.push(message ?? "") },
      );
      const [content] = result.content as Array<{ text: string }>;
      return { isError: result.isError, text: content!.text, streamed, answer: result.structuredContent };
    },
  };
}

export const says = (text: string) => inOrder({ text });
