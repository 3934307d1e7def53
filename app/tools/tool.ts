import type { z } from "zod";
import type { Customer, Ledger } from "../ledger/ledger";
import type { Sources } from "../sources/source";

/** What a run of a tool may use. All of it is the customer's own; nothing here comes from the tool's arguments. */
export interface ToolContext {
  customer: Customer;
  sources: Sources;
  ledger: Ledger;
  /** The session that the request belongs to, when it has one. */
  sessionId?: string;
  now: () => Date;
  signal: AbortSignal;
  /** Receives text for the customer as it is made; absent when no client listens. */
  onText?: (delta: string) => Promise<void>;
  /** Receives progress, in a sentence that is not part of the answer; absent when no client listens. */
  onProgress?: (sentence: string) => Promise<void>;
}

/** One tool: what an MCP client and the model read about it, and what it does. */
export interface Tool<Input extends z.ZodObject = z.ZodObject, Output extends z.ZodObject = z.ZodObject> {
  /** Lower-case words and dashes. */
  name: string;
  title: string;
  /** For the model: what it answers, and when to take another. */
  description: string;
  annotations: { readOnlyHint: boolean; idempotentHint?: boolean; openWorldHint: boolean };
  input: Input;
  output: Output;
  /** It traces its own run: the run then has no observation around it. */
  tracesItself?: true;
  /** @throws UserError for what the caller can correct. */
  execute(input: z.output<Input>, context: ToolContext): Promise<z.input<Output>>;
}

/** Types a tool by its schemas; the list of tools holds them without. */
export function defineTool<Input extends z.ZodObject, Output extends z.ZodObject>(
  tool: Tool<Input, Output>,
): Tool {
  return tool as unknown as Tool;
}

/** The annotations of a tool that reads the customer's cloud and changes nothing. */
export const READS_CLOUD = { readOnlyHint: true, idempotentHint: true, openWorldHint: true } as const;
