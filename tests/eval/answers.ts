import { runPlainTool } from "../support/billing/run-plain-tool";

/** A question about the sample company's bill whose figures are known. */
export interface Known {
  question: string;
  /** Questions asked before it in the same conversation, oldest first. */
  earlier?: string[];
  /** Any of these tools is a good choice. */
  tools: string[];
  /** The figures that a right answer holds: amounts, or names. */
  figures: (tool: Tools) => Promise<string[]>;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- each question reads its tool's own shape
type Tools = (tool: string, input?: object) => Promise<any>;

const spend = (question: string, input: object): Known => ({
  question,
  tools: ["get-spend"],
  figures: async (tool) => [(await tool("get-spend", input)).total],
});
const top = (question: string, input: object, count = 1): Known => ({
  question,
  tools: ["get-spend"],
  figures: async (tool) =>
    (await tool("get-spend", input)).rows
      .slice(0, count)
      .flatMap(({ key, cost }: { key: string; cost: string }) => [key, cost]),
});
const change = (question: string, input: object): Known => ({
  question,
  tools: ["compare-periods", "list-anomalies"],
  figures: async (tool) => {
    const { drivers } = await tool("compare-periods", input);
    return [drivers[0].key, drivers[0].change];
  },
});
const after = (earlier: string[], known: Known): Known => ({ ...known, earlier });
const saving = (question: string, kind: string): Known => ({
  question,
  tools: ["list-recommendations"],
  figures: async (tool) => {
    const { recommendations } = await tool("list-recommendations", { kinds: [kind] });
    return [recommendations[0].resource.split("/").at(-1), recommendations[0].monthly_saving];
  },
});

export const KNOWN: readonly Known[] = [
  spend("What did we spend last week?", { period: "last_week" }),
  spend("What is my total spend for the last 30 days?", { period: "last_30_days" }),
  spend("How much did we spend last month?", { period: "last_month" }),
  spend("How much have we spent this month so far?", { period: "this_month" }),
  spend("What did the last 7 days cost?", { period: "last_7_days" }),
  spend("How much did BigQuery cost last week?", { period: "last_week", service: "BigQuery" }),
  spend("How much did Cloud SQL cost last month?", { period: "last_month", service: "Cloud SQL" }),
  spend("What did Cloud Run cost in the last 30 days?", { period: "last_30_days", service: "Cloud Run" }),
  spend("What did Compute Engine cost last month?", { period: "last_month", service: "Compute Engine" }),
  spend("What did the project shop-staging cost last month?", {
    period: "last_month",
    project: "shop-staging",
  }),
  spend("How much did shop-data cost last week?", { period: "last_week", project: "shop-data" }),
  spend("What was my invoice last month?", { period: "last_month", view: "invoice" }),
  spend("How much did Vertex AI cost in the last 30 days?", { period: "last_30_days", service: "Vertex AI" }),
  top("Which service cost the most last week?", { period: "last_week" }),
  top("Which project cost the most last month?", { period: "last_month", group_by: "project" }),
  top("List costs by project for last month", { period: "last_month", group_by: "project" }, 3),
  top("Show the three most expensive services of the last 30 days", { period: "last_30_days" }, 3),
  top("Which SKU cost the most last month?", { period: "last_month", group_by: "sku" }),
  top("Create a table of last week's costs by service", { period: "last_week" }, 3),
  top("What are the biggest SKUs of Cloud SQL last month?", {
    period: "last_month",
    group_by: "sku",
    service: "Cloud SQL",
  }),
  change("Why did my costs go up last week?", { period: "last_week" }),
  change("What changed most last week?", { period: "last_week" }),
  change("Which project drove the increase last week?", { period: "last_week", group_by: "project" }),
  change("Which SKU is responsible for last week's rise?", { period: "last_week", group_by: "sku" }),
  {
    question: "Are there any anomalies in the last 30 days?",
    tools: ["list-anomalies"],
    figures: async (tool) => {
      const [first] = (await tool("list-anomalies")).anomalies;
      return [first.service, first.excess];
    },
  },
  {
    question: "Which SKU and project caused the spike?",
    tools: ["list-anomalies", "compare-periods"],
    figures: async (tool) => {
      const [first] = (await tool("list-anomalies")).anomalies;
      return [first.cause.sku, first.cause.project];
    },
  },
  {
    question: "How much could we save a month in total?",
    tools: ["list-recommendations"],
    figures: async (tool) => [(await tool("list-recommendations")).total_monthly_saving],
  },
  {
    question: "What is the largest saving that Google recommends?",
    tools: ["list-recommendations"],
    figures: async (tool) => {
      const [first] = (await tool("list-recommendations")).recommendations;
      return [first.resource.split("/").at(-1), first.monthly_saving];
    },
  },
  saving("Which machines are idle, and what would stopping them save?", "idle_vm"),
  saving("Which disks are unattached and what do they cost us?", "unattached_disk"),
  saving("Is there an oversized database, and what would resizing save?", "oversized_database"),
  saving("Are there unused IP addresses?", "unused_ip"),
  saving("Which machine is oversized?", "oversized_vm"),
  {
    question: "Which static addresses are reserved and used by nothing?",
    tools: ["list-assets", "list-recommendations"],
    figures: () => Promise.resolve(["legacy-lb-ip"]),
  },
  after(
    ["How much did BigQuery cost last week?"],
    spend("And Cloud SQL?", { period: "last_week", service: "Cloud SQL" }),
  ),
  after(
    ["How much did BigQuery cost last week?"],
    spend("What about last month?", { period: "last_month", service: "BigQuery" }),
  ),
  after(
    ["What did we spend last month?"],
    top("And by project?", { period: "last_month", group_by: "project" }, 2),
  ),
  after(["What did we spend last week?"], change("Why?", { period: "last_week" })),
  after(
    ["Why did my costs go up last week?", "And in the last 7 days?"],
    change("Which SKU?", { period: "last_7_days", group_by: "sku" }),
  ),
  {
    question: "How much of my conversation budget does my plan have a month?",
    tools: ["get-budget"],
    figures: () => Promise.resolve([]),
  },
];

/** The figures of a question on the sample data of that day. */
export function figuresOf({ figures }: Known, now: Date): Promise<string[]> {
  return figures((tool, input = {}) => runPlainTool(tool, input, now));
}

/** Which figures an answer lacks. An amount may be rounded to whole units; names must match exactly. */
export function missingFigures(answer: string, figures: readonly string[]): string[] {
  const numbers = (answer.replace(/(?<=\d),(?=\d{3})/g, "").match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  const lower = answer.toLowerCase();
  return figures.filter((figure) => {
    if (!/^-?\d+\.\d\d$/.test(figure)) return !lower.includes(figure.toLowerCase());
    const wanted = Math.abs(Number(figure));
    return !numbers.some(
      (number) => Math.abs(Math.abs(number) - wanted) <= (Number.isInteger(number) ? 0.5 : 0.011),
    );
  });
}
