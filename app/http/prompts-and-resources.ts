import type { McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";
import type { ToolResult } from "../tools/run-tool";

/** What a customer may start with: a client shows these as commands. */
const PROMPTS = [
  {
    name: "monthly-review",
    title: "Review last month",
    description: "What last month cost, what changed from the month before, and why.",
    argsSchema: z.object({}),
    text: () =>
      "Review last month's Google Cloud bill: the invoice total, the usage by service, what changed most from the month before and why. " +
      "End with the one thing that deserves attention.",
  },
  {
    name: "explain-spike",
    title: "Explain a cost spike",
    description: "Which service, sku and project made costs jump, and on which days.",
    argsSchema: z.object({
      service: z.string().max(200).optional().describe("Only this service, such as BigQuery"),
    }),
    text: ({ service }: { service?: string }) =>
      `Look for unusual costs in the last 30 days${service ? ` of ${service}` : ""}. Name the days, the service, the sku and the project, how much ` +
      "more than usual it was, and what may have caused it.",
  },
  {
    name: "savings-plan",
    title: "Plan savings",
    description: "What to change first to lower the bill, by what it saves.",
    argsSchema: z.object({
      target: z.string().max(50).optional().describe("What to save a month, such as $500"),
    }),
    text: ({ target }: { target?: string }) =>
      `Make a plan to lower my Google Cloud bill${target ? ` by ${target} a month` : ""}: the largest savings first, each with the resource, what to do, ` +
      "the exact gcloud command, and what it saves a month.",
  },
];

/** What a client may attach to a conversation. Each is a tool's result. */
const RESOURCES = [
  {
    name: "budget",
    uri: "tollgate://budget",
    title: "Conversation budget",
    description: "What this month's conversations have cost, and what is left of the plan's budget for them.",
    tool: "get-budget",
    input: {},
  },
  {
    name: "spend-summary",
    uri: "tollgate://spend-summary",
    title: "Spend this month",
    description: "Google Cloud spend of this month up to now, by service.",
    tool: "get-spend",
    input: { period: "this_month" },
  },
] as const;

/**
 * Adds the prompts and the resources to a customer's server.
 *
 * @param run runs a tool for that customer.
 */
export function addPromptsAndResources(
  server: McpServer,
  run: (tool: string, input: Record<string, unknown>) => Promise<ToolResult>,
): void {
  for (const { name, title, description, argsSchema, text } of PROMPTS) {
    server.registerPrompt(
      name,
      { title, description, argsSchema },
      (args: { service?: string; target?: string }) => ({
        description,
        messages: [{ role: "user" as const, content: { type: "text" as const, text: text(args) } }],
      }),
    );
  }
  for (const { name, uri, title, description, tool, input } of RESOURCES) {
    server.registerResource(name, uri, { title, description, mimeType: "application/json" }, async () => {
      const result = await run(tool, input);
      if (result.outcome !== "ok") throw new Error(result.message);
      return { contents: [{ uri, mimeType: "application/json", text: JSON.stringify(result.output) }] };
    });
  }
}
