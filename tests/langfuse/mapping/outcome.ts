/** What a conversation becomes in Langfuse. */
import { langfuseSetup, type Evaluation } from "../../../dashboards/langfuse";
import { marginScores } from "../../../ops/langfuse/margins/scores";
import type { Answers, Query, Row, Tables } from "./clickhouse";
import type { Langfuse, Recorded, Score } from "./langfuse";
import { PROJECT } from "./stand-ins";

export interface Outcome {
  /** The engine's version. */
  clickhouse: string;
  /** Of `events_core`, in the order of their start. */
  rows: Row[];
  /** As Langfuse's pages list them. */
  traces: Row[];
  /** Names of the observations that each judge's rule is for. */
  judged: Record<string, string[]>;
  /** Of `scores`: what judges, a person and the margins say. */
  scores: Row[];
  /** What each dashboard's tile shows. */
  tiles: Record<string, Row[]>;
}

/** When a row was written, not what it holds. */
const WRITTEN = ["created_at", "updated_at", "event_ts"];
/** Of a trace, what depends on the time or comes in any order. */
const UNSTABLE = new Set([...WRITTEN, "observation_ids"]);
const DAY_MS = 86_400_000;

/**
 * Maps requests and asks for all that Langfuse shows of them.
 *
 * @throws Error where Langfuse refuses a request or a tile, or a trace depends on which of its rows was written last.
 */
export async function outcomeOf(
  langfuse: Langfuse,
  requests: Recorded[],
  run: (tables: Tables, queries: Query[]) => Answers,
): Promise<Outcome> {
  const rows = (await Promise.all(requests.map((request) => langfuse.rowsOf(request)))).flat();
  const start = Math.min(...rows.map((row) => Number(row.start_time))) / 1_000;
  const [from, to] = [start - DAY_MS, start + DAY_MS].map((time) => new Date(time).toISOString());
  const setup = langfuseSetup();
  const judged = Object.fromEntries(
    setup.evaluations.map((evaluation) => [
      evaluation.rule.name,
      rows.filter((row) => langfuse.matches(evaluation, row)),
    ]),
  );
  const at = new Date(start).toISOString();
  const scores = await Promise.all(
    scoresOf(setup.evaluations, judged, at.slice(0, 10)).map((score) => langfuse.rowOfScore(score, at)),
  );
  const tiles = await Promise.all(
    setup.boards.flatMap((board) => board.tiles.map((tile) => langfuse.tile(tile, from!, to!))),
  );
  const orders = rows.map((_, last) => `${PROJECT}-${last}`);
  const columns = `* EXCEPT (${WRITTEN.join(", ")}, event_bytes), input_length, output_length, calculated_input_cost, calculated_output_cost, total_cost`;
  const { version, answers } = run(
    {
      events_full: [...rows, ...orders.flatMap((project, last) => withLast(rows, last, project))],
      scores,
    },
    [
      {
        name: "rows",
        sql: `SELECT ${columns} FROM events_core WHERE project_id = {project:String} ORDER BY start_time, span_id`,
        params: { project: PROJECT },
      },
      {
        name: "scores",
        sql: `SELECT * EXCEPT (${WRITTEN.join(", ")}) FROM scores ORDER BY id`,
        params: {},
      },
      { name: "traces", ...langfuse.traces(PROJECT) },
      ...orders.map((project) => ({ name: project, ...langfuse.traces(project) })),
      ...tiles,
    ],
  );
  const traces = answers.traces!.map(stable).reverse();
  for (const project of orders) sameInAnyOrder(traces, answers[project]!.map(stable).reverse());
  return {
    clickhouse: version,
    rows: answers.rows!,
    scores: answers.scores!,
    traces,
    judged: Object.fromEntries(
      Object.entries(judged).map(([rule, of]) => [
        rule,
        of.map((row) => `${row.name as string}: ${row.input as string}`),
      ]),
    ),
    tiles: Object.fromEntries(tiles.map(({ name }) => [name, answers[name]!.filter(hasValue)])),
  };
}

/** What each judge finds of the answers that its rule is for, what a person thinks of the first, and the margins of a day. */
function scoresOf(evaluations: Evaluation[], judged: Record<string, Row[]>, day: string): Score[] {
  const ofAnswers = evaluations.flatMap(({ rule, evaluator, scoreConfig }) =>
    judged[rule.name]!.map((row, i): Score => ({
      id: `${evaluator.name}-${i}`,
      name: evaluator.name,
      value: scoreConfig.dataType === "BOOLEAN" ? 1 : i % 2 === 0 ? 1 : 0.75,
      dataType: scoreConfig.dataType === "BOOLEAN" ? "BOOLEAN" : "NUMERIC",
      environment: row.environment as string,
      source: "EVAL",
      traceId: row.trace_id as string,
      observationId: row.span_id as string,
      comment: "It names the service, the days and the amount.",
    })),
  );
  const [first] = ofAnswers as [Score];
  const margins = marginScores(
    day,
    [{ tier: "tier_2", customers: 1, price: 99e9, spent: 9e9 }],
    [{ customer: "sample", price: 99e9, spent: 9e9 }],
  );
  return [
    ...ofAnswers,
    { ...first, id: "of-a-person", value: 0.5, source: undefined },
    ...margins.map((each): Score => ({ ...each, dataType: "NUMERIC", environment: first.environment })),
  ];
}

/** Langfuse fills a time series with rows that hold nothing. */
function hasValue({ time_dimension: time, ...values }: Row): boolean {
  const isEmpty = (value: unknown) => value === null || Number(value) === 0;
  return time === undefined || !Object.values(values).every(isEmpty);
}

/** The rows in another project, with one of them written after all others. */
function withLast(rows: Row[], last: number, project: string): Row[] {
  const latest = Math.max(...rows.map((row) => Number(row.event_ts))) + 1;
  return rows.map((row, at) => ({
    ...row,
    project_id: project,
    event_ts: at === last ? latest : row.event_ts,
  }));
}

function stable(trace: Row): Row {
  return Object.fromEntries(Object.entries(trace).filter(([column]) => !UNSTABLE.has(column)));
}

/** Workers write the two sides' batches in any order. */
function sameInAnyOrder(traces: Row[], others: Row[]): void {
  traces.forEach((trace, at) => {
    for (const column of ["name", "environment", "tags", "user_id", "session_id", "input", "output"]) {
      const [one, other] = [trace[column], others[at]![column]].map((value) => JSON.stringify(value));
      if (one !== other)
        throw new Error(
          `trace ${String(trace.id)} depends on which row is written last: ${column} is ${one} or ${other}`,
        );
    }
  });
}
