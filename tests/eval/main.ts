/**
 * `tollgate eval`: how well questions are sorted, and how well they are answered from the sample data by the provider that the
 * running agent's gateway has (the simulator, or a real one). Without a running agent only the sorting is scored, for free.
 */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { LangfuseClient } from "@langfuse/client";
import { readSecrets } from "../../ops/workspace/secrets";
import { runningStack } from "../../ops/workspace/state";
import { formatUsd } from "../../litellm-config";
import { figuresOf, KNOWN, missingFigures, type Known } from "./answers";
import { readQuestions, scoreClassification } from "./classification";
import { table } from "../../ops/terminal/table";
import { jsonOption, runCommand, tollgateCommand, wholeNumber } from "../../ops/terminal/command";

const TIMEOUT_MS = 300_000;

interface Options {
  agent?: string;
  key?: string;
  json?: boolean;
  limit: number;
}

interface Scored {
  question: string;
  /** Every figure is in the answer. */
  right: boolean;
  toolsRight: boolean;
  missing: string[];
  models: string[];
  costNanos: number | null;
  sessionId: string | null;
  error?: string;
}

async function evaluate({ agent, key, json, limit }: Options): Promise<void> {
  const sorting = scoreClassification(readQuestions());
  const where = limit > 0 ? findAgent(agent, key) : undefined;
  const answers: Scored[] = [];
  if (where) {
    for (const known of KNOWN.slice(0, limit)) {
      answers.push(await score(known, where));
      if (!json) process.stderr.write(answers.at(-1)!.right ? "." : "x");
    }
    if (!json) process.stderr.write("\n");
  }
  const summary = summarize(answers);
  if (json) console.log(JSON.stringify({ sorting, answers: { ...summary, questions: answers } }, null, 2));
  else print(sorting, answers, summary);
  await sendScores(answers);
  if (answers.some(({ error }) => error !== undefined)) process.exitCode = 1;
}

function findAgent(url?: string, key?: string): { url: string; key: string } | undefined {
  try {
    const found = {
      url: url ?? runningStack().services.agent?.url,
      key: key ?? readSecrets()?.sampleCustomerKey,
    };
    if (found.url && found.key) return { url: found.url, key: found.key };
    console.error(
      "Answers are not scored: give --agent and --key, or wait until the local stack's agent is up.",
    );
  } catch (error) {
    console.error(`Answers are not scored: ${(error as Error).message}, or give --agent and --key.`);
  }
  return undefined;
}

interface Asked {
  answer: string;
  tools_used: string[];
  models: string[];
  session_id: string;
  cost: { session_spent_nanos: number } | null;
}

/** Asks one question, after those before it, in its own conversation. */
async function score(known: Known, { url, key }: { url: string; key: string }): Promise<Scored> {
  const questions = [...(known.earlier ?? []), known.question];
  const line = questions.join(" >> ");
  const client = new Client({ name: "tollgate-eval", version: "0.1.0" });
  const headers = { authorization: `Bearer ${key}` };
  await client.connect(new StreamableHTTPClientTransport(new URL("/mcp", url), { requestInit: { headers } }));
  try {
    let answer: Asked | undefined;
    let spentBefore = 0;
    for (const question of questions) {
      spentBefore = answer?.cost?.session_spent_nanos ?? 0;
      const asked = { name: "ask", arguments: { question, session_id: answer?.session_id } };
      const result = await client.callTool(asked, { timeout: TIMEOUT_MS });
      if (result.isError) throw new Error((result.content as Array<{ text: string }>)[0]?.text);
      answer = result.structuredContent as unknown as Asked;
    }
    const missing = missingFigures(answer!.answer, await figuresOf(known, new Date()));
    return {
      question: line,
      right: missing.length === 0,
      toolsRight: known.tools.some((tool) => answer!.tools_used.includes(tool)),
      missing,
      models: answer!.models,
      costNanos: answer!.cost && answer!.cost.session_spent_nanos - spentBefore,
      sessionId: answer!.session_id,
    };
  } catch (error) {
    const unanswered = {
      right: false,
      toolsRight: false,
      missing: [],
      models: [],
      costNanos: null,
      sessionId: null,
    };
    return { question: line, ...unanswered, error: (error as Error).message };
  } finally {
    await client.close();
  }
}

function summarize(answers: readonly Scored[]) {
  const costs = answers.flatMap(({ costNanos }) => (costNanos === null ? [] : [costNanos]));
  return {
    asked: answers.length,
    figuresRight: answers.filter(({ right }) => right).length,
    toolsRight: answers.filter(({ toolsRight }) => toolsRight).length,
    costNanosPerQuestion:
      costs.length > 0 ? Math.round(costs.reduce((a, b) => a + b, 0) / costs.length) : null,
  };
}

function print(
  sorting: ReturnType<typeof scoreClassification>,
  answers: readonly Scored[],
  summary: ReturnType<typeof summarize>,
): void {
  const sorted = [
    ["labelled questions", sorting.questions],
    ["right", `${sorting.right} (${percent(sorting.right, sorting.questions)})`],
    ["left to a model", sorting.leftToModel],
    ["wrong", sorting.wrong.length],
    ["on a route below what they need", sorting.tooCheap],
    ["overspent a question", formatUsd(sorting.overspentNanos)],
  ];
  console.log(table(["Sorting by words", ""], sorted));
  for (const { question, kind, found } of sorting.wrong) console.log(`  ${question}: ${found}, not ${kind}`);
  if (answers.length === 0) return;
  const asked = answers.map((each) => [
    each.question,
    each.error ?? (each.right ? "right" : `without ${each.missing.join(", ")}`),
    each.toolsRight ? "right" : "other",
    each.costNanos === null ? "-" : formatUsd(each.costNanos),
    each.models.join(", "),
  ]);
  console.log(table(["Question", "Figures", "Tools", "Cost", "Models"], asked));
  const cost = summary.costNanosPerQuestion === null ? "unknown" : formatUsd(summary.costNanosPerQuestion);
  console.log(
    `${summary.figuresRight} of ${summary.asked} with right figures, ${summary.toolsRight} with a right tool, ${cost} a question`,
  );
}

/** Sends each answer's scores to its session in Langfuse, where that is configured as for the agent. */
async function sendScores(answers: readonly Scored[]): Promise<void> {
  const {
    LANGFUSE_HOST: baseUrl,
    LANGFUSE_PUBLIC_KEY: publicKey,
    LANGFUSE_SECRET_KEY: secretKey,
  } = process.env;
  if (!baseUrl || !publicKey || !secretKey) return;
  const langfuse = new LangfuseClient({ baseUrl, publicKey, secretKey });
  for (const { sessionId, right, toolsRight, missing } of answers) {
    if (sessionId === null) continue;
    const comment = missing.length > 0 ? `without ${missing.join(", ")}` : undefined;
    const scores = [
      { name: "eval-figures", value: right, comment },
      { name: "eval-tools", value: toolsRight },
    ];
    for (const each of scores) {
      langfuse.score.create({ sessionId, ...each, value: each.value ? 1 : 0, dataType: "BOOLEAN" });
    }
  }
  await langfuse.flush();
}

function percent(part: number, whole: number): string {
  return `${((part * 100) / whole).toFixed(1)} %`;
}

runCommand(
  tollgateCommand("eval", "Score how the agent sorts questions and answers them from the sample data.")
    .option("--agent <url>", "the agent's address (default: the running local stack's)")
    .option("--key <key>", "a customer's key there (default: the sample customer's)")
    .option(
      "--limit <count>",
      "known questions to ask at most; 0 asks none",
      wholeNumber(0, KNOWN.length),
      KNOWN.length,
    )
    .addOption(jsonOption("print the scores as JSON instead of tables"))
    .action(evaluate),
);
