/** `tollgate variants`: what the models that share a route cost, how fast and how good they are, and whether they differ. */
import { Option } from "commander";
import type { ClientBase } from "pg";
import { definitions } from "../../litellm-config";
import { addLedgerAction, LEDGER_HELP } from "../ledger/command";
import { runCommand, tollgateCommand, wholeNumber } from "../terminal/command";
import { table } from "../terminal/table";
import { compareVariants, dollars, type ModelRow, type RouteReport } from "./compare";
import { readCalls, readTraces } from "./read";
import { readScores } from "./scores";
import type { Range } from "./statistics";

interface Report {
  from: string;
  to: string;
  routes: RouteReport[];
  /** Why scores are missing. */
  note?: string;
}

const program = tollgateCommand(
  "variants",
  "Compare the models of each route by query type: cost, time, score and failures, and what is beyond chance.",
).addHelpText(
  "after",
  `
Ranges are of 95 %. A call counts for the model that it reached last, with the cost of all its attempts; answers from the cache
do not count. Scores are Langfuse's \`question-answered\`, with LANGFUSE_HOST, LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY.
${LEDGER_HELP}`,
);

addLedgerAction<Report>(program, {
  options: [
    new Option("--days <n>", "how far back").argParser(wholeNumber(1, 400)).default(30),
    new Option("--route <route>", "only this route").choices(Object.keys(definitions.routes)),
  ],
  run: (ledger, _, { days, route }) => report(ledger, Number(days), route as string | undefined),
  text: ({ from, to, routes, note }) =>
    [
      `Calls from ${from.slice(0, 16)}Z to ${to.slice(0, 16)}Z.`,
      ...(routes.length === 0 ? ["There are none."] : routes.map(textOf)),
      ...(note && routes.length > 0 ? [note] : []),
    ].join("\n\n"),
});

runCommand(program);

async function report(ledger: ClientBase, days: number, only?: string): Promise<Report> {
  const calls = await readCalls(ledger, days);
  const scores = await readScores(calls.from);
  const byTrace = "byTrace" in scores ? scores.byTrace : new Map<string, number>();
  const traces = byTrace.size > 0 ? await readTraces(ledger, calls, [...byTrace.keys()]) : [];
  const scored = traces.map((trace) => ({ ...trace, score: byTrace.get(trace.traceId)! }));
  const routes = compareVariants(calls, scored, definitions);
  return {
    from: calls.from.toISOString(),
    to: calls.to.toISOString(),
    routes: only ? routes.filter(({ route }) => route === only) : routes,
    ...("absent" in scores ? { note: scores.absent } : {}),
  };
}

function textOf({ route, queryTypes, verdict }: RouteReport): string {
  const rows = queryTypes.flatMap(({ queryType, models }) =>
    models.map((row) => [queryType, ...cellsOf(row)]),
  );
  const refused = queryTypes.map(({ queryType, refused }) => `${queryType} ${rangeText(refused, percent)}`);
  return [
    `Route ${route}`,
    table(["query type", "model", "weight", "calls", "cost a call", "time", "p95", "score", "failed"], rows),
    `Refused by the guard, before a model was chosen: ${refused.join(", ")}.`,
    verdict,
  ].join("\n");
}

function cellsOf(row: ModelRow): (string | number)[] {
  const weight = row.weightPercent === null ? row.role : `${Number(row.weightPercent.toFixed(1))} %`;
  return [
    row.model ?? "none reached",
    weight ?? "-",
    row.calls,
    rangeText(row.cost, dollars),
    rangeText(row.seconds, seconds),
    row.p95Seconds === null ? "-" : seconds(row.p95Seconds),
    rangeText(row.score, (value) => value.toFixed(2)),
    rangeText(row.failed, percent),
  ];
}

function rangeText(range: Range | null, text: (value: number) => string): string {
  return range ? `${text(range.value)} (${text(range.low)} to ${text(range.high)})` : "-";
}

function seconds(value: number): string {
  return `${value.toFixed(2)} s`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
