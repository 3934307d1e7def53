import { McpServer, type ServerContext } from "@modelcontextprotocol/server";
import type { Customer, Ledger } from "../ledger/ledger";
import type { SourceFactory } from "../sources/source";
import type { Telemetry } from "../telemetry";
import { runTool } from "../tools/run-tool";
import type { Tool, ToolContext } from "../tools/tool";
import { version } from "../../package.json";

/** What every request's server is made of. */
export interface ServerParts {
  tools: readonly Tool[];
  ledger: Ledger;
  sources: SourceFactory;
  telemetry: Telemetry;
  now: () => Date;
}

/**
 * An MCP server for one customer: the same tools, bound to who asks.
 *
 * @param sessionId the conversation that `ask` goes on with unless its arguments name one.
 */
export function buildServer(
  parts: ServerParts,
  customer: Customer,
  sessionId: () => string | undefined,
): McpServer {
  const server = new McpServer(
    { name: "tollgate", title: "Cloud cost assistant", version },
    { instructions: "Ask about a Google Cloud bill with ask, or read single figures with the other tools." },
  );
  for (const tool of parts.tools) {
    const { name, title, description, annotations, input: inputSchema, output: outputSchema } = tool;
    server.registerTool(
      name,
      {
        title,
        description,
        annotations: { title, ...annotations },
        inputSchema: unchecked(inputSchema),
        outputSchema,
      },
      (input, request) => call(parts, tool, input, contextOf(parts, customer, sessionId(), request)),
    );
  }
  return server;
}

/** A schema that is shown only: the run checks the arguments, and counts those that do not fit like any other outcome. */
function unchecked(schema: Tool["input"]) {
  return { "~standard": { ...schema["~standard"], validate: (value: unknown) => ({ value }) } };
}

async function call(parts: ServerParts, tool: Tool, input: unknown, context: ToolContext) {
  const result = await runTool(tool, input, context, parts.telemetry);
  parts.telemetry.metrics.requests.inc({ method: "tools/call", outcome: result.outcome });
  if (result.outcome !== "ok") {
    return { content: [{ type: "text" as const, text: result.message }], isError: true };
  }
  const { output } = result;
  const text = typeof output.answer === "string" ? output.answer : JSON.stringify(output);
  return { content: [{ type: "text" as const, text }], structuredContent: output };
}

function contextOf(
  parts: ServerParts,
  customer: Customer,
  sessionId: string | undefined,
  { mcpReq }: ServerContext,
): ToolContext {
  const progressToken = mcpReq._meta?.progressToken;
  let progress = 0;
  return {
    customer,
    sources: parts.sources(customer.gcpProject),
    ledger: parts.ledger,
    sessionId,
    now: parts.now,
    signal: mcpReq.signal,
    onText:
      progressToken === undefined
        ? undefined
        : (message) =>
            mcpReq.notify({
              method: "notifications/progress",
              params: { progressToken, progress: ++progress, message },
            }),
  };
}
