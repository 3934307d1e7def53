import { McpServer, type ServerContext } from "@modelcontextprotocol/server";
import type { Customer, Ledger } from "../ledger/ledger";
import type { SourceFactory } from "../sources/source";
import type { Telemetry } from "../telemetry";
import { runTool } from "../tools/run-tool";
import type { Tool, ToolContext } from "../tools/tool";
import { addPromptsAndResources } from "./prompts-and-resources";
import { version } from "../../package.json";

/** What every request's server is made of. */
export interface ServerParts {
  tools: readonly Tool[];
  ledger: Ledger;
  sources: SourceFactory;
  telemetry: Telemetry;
  now: () => Date;
  /** Called with each call until it is answered, whether or not its client still listens. */
  track: <T>(work: Promise<T>) => Promise<T>;
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
      (input, request) =>
        parts.track(call(parts, tool, input, contextOf(parts, customer, sessionId(), request))),
    );
  }
  addPromptsAndResources(server, (name, input) => {
    const tool = parts.tools.find((each) => each.name === name)!;
    return parts.track(runTool(tool, input, contextOf(parts, customer, sessionId()), parts.telemetry));
  });
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
  const texts = typeof output.answer === "string" ? [output.answer] : [JSON.stringify(output)];
  // A client with a transport session goes on with its conversation by itself.
  if (typeof output.session_id === "string" && output.session_id !== context.sessionId) {
    texts.push(`(To go on with this conversation, call ask with session_id "${output.session_id}".)`);
  }
  const content = texts.map((text) => ({ type: "text" as const, text }));
  return { content, structuredContent: output };
}

function contextOf(
  parts: ServerParts,
  customer: Customer,
  sessionId: string | undefined,
  request?: ServerContext,
): ToolContext {
  const progressToken = request?.mcpReq._meta?.progressToken;
  let progress = 0;
  const notify =
    progressToken === undefined
      ? undefined
      : (message: string) =>
          request!.mcpReq.notify({
            method: "notifications/progress",
            params: { progressToken, progress: ++progress, message },
          });
  return {
    customer,
    sources: parts.sources(customer.gcpProject),
    ledger: parts.ledger,
    sessionId,
    now: parts.now,
    signal: request?.mcpReq.signal ?? new AbortController().signal,
    onText: notify,
    onProgress: notify,
  };
}
