import { startActiveObservation, getActiveTraceId } from "@langfuse/tracing";
import { z } from "zod";
import { INTERNAL_MESSAGE, UserError } from "../errors";
import type { Telemetry } from "../telemetry";
import { tidy } from "./tidy";
import type { Tool, ToolContext } from "./tool";

/** A run's outcome. The message of a failed one is fit for the customer, and for the model. */
export type ToolResult =
  { outcome: "ok"; output: Record<string, unknown> } | { outcome: "user_error" | "error"; message: string };

/**
 * Runs a tool: checks the arguments, traces, counts and logs the run, checks the result. It never throws: whoever called
 * gets a message instead, and the log gets the reason.
 */
export async function runTool(
  tool: Tool,
  input: unknown,
  context: ToolContext,
  { log, metrics }: Telemetry,
): Promise<ToolResult> {
  const run = async () => {
    const started = performance.now();
    const result = await execute(tool, input, context, log);
    const seconds = (performance.now() - started) / 1_000;
    metrics.toolRuns.inc({ tool: tool.name, outcome: result.outcome });
    metrics.toolSeconds.observe({ tool: tool.name }, seconds);
    log.info(
      {
        event: "tool.run",
        tool: tool.name,
        outcome: result.outcome,
        seconds,
        customer_id: context.customer.customerId,
        plan_tier: context.customer.tier,
        gcp_project: context.customer.gcpProject,
        session_id: context.sessionId,
        trace_id: getActiveTraceId(),
      },
      `tool ${tool.name}: ${result.outcome}`,
    );
    return result;
  };
  if (tool.tracesItself) return run();
  return startActiveObservation(
    tool.name,
    async (span) => {
      span.update({ input });
      const result = await run();
      span.update(
        result.outcome === "ok"
          ? { output: result.output }
          : { output: result.message, level: result.outcome === "error" ? "ERROR" : "WARNING" },
      );
      return result;
    },
    { asType: "tool" },
  );
}

async function execute(
  tool: Tool,
  input: unknown,
  context: ToolContext,
  log: Telemetry["log"],
): Promise<ToolResult> {
  const parsed = tool.input.safeParse(tidy(input, tool.input));
  if (!parsed.success) {
    return {
      outcome: "user_error",
      message: `Invalid arguments for ${tool.name}:\n${z.prettifyError(parsed.error)}`,
    };
  }
  try {
    return { outcome: "ok", output: tool.output.parse(await tool.execute(parsed.data, context)) };
  } catch (error) {
    if (error instanceof UserError)
      return { outcome: error.isOurs ? "error" : "user_error", message: error.message };
    log.error(
      {
        event: "request.error",
        tool: tool.name,
        err: error,
        customer_id: context.customer.customerId,
        trace_id: getActiveTraceId(),
      },
      `tool ${tool.name} failed`,
    );
    return { outcome: "error", message: INTERNAL_MESSAGE };
  }
}
