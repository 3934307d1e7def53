import type { ClientBase } from "pg";
import { inTransaction } from "../ledger/audit";
import type { Sample, Share } from "./statistics";

/** What the ledger has of the calls of a route and a query type that a model answered, or failed to answer, in the end. */
export interface ModelCalls {
  route: string;
  queryType: string;
  /** Null where no model was reached. */
  model: string | null;
  calls: number;
  /** Nano-dollars a call, with those of its failed attempts. */
  cost: Sample;
  /** Seconds from the reservation to the end of the answer, of the calls that succeeded. */
  seconds: Sample;
  /** Of `seconds`; null where no call succeeded. */
  p95Seconds: number | null;
  failed: Share;
}

/** Calls of a route and a query type that the guard refused, of all that were decided. */
export interface Refused extends Share {
  route: string;
  queryType: string;
}

/** A trace of which one model made all calls of a route and a query type. */
export interface ModelTrace {
  route: string;
  queryType: string;
  model: string;
  traceId: string;
}

export interface PeriodCalls {
  from: Date;
  to: Date;
  models: ModelCalls[];
  refused: Refused[];
}

/** An answer from the cache says nothing of a model's cost or speed, and a voided call was never sent. */
const ASKED = `state = 'posted' and not cache_hit`;

const MODELS = `
  select route, query_type, model_used, count(*) as calls, avg(cost_nanos) as cost_mean, var_samp(cost_nanos) as cost_variance,
    count(*) filter (where answered) as answered, avg(seconds) filter (where answered) as seconds_mean,
    var_samp(seconds) filter (where answered) as seconds_variance,
    percentile_cont(0.95) within group (order by seconds) filter (where answered) as p95_seconds,
    count(*) filter (where outcome in ('failure', 'timeout', 'refused_by_provider', 'expired')) as failed
  from (
    select route, query_type, model_used, cost_nanos, outcome, outcome = 'success' as answered,
      extract(epoch from settled_at - reserved_at)::double precision as seconds
    from ledger.calls where ${ASKED} and reserved_at >= $1 and reserved_at < $2
  ) asked
  group by route, query_type, model_used order by route, query_type, model_used`;

const REFUSED = `
  select route, query_type, sum(refused) as refused, count(*) as n from (
    select route, query_type, 1 as refused from ledger.refusals where at >= $1 and at < $2
    union all
    select route, query_type, 0 from ledger.calls where state = 'posted' and reserved_at >= $1 and reserved_at < $2
  ) decided
  group by route, query_type order by route, query_type`;

const TRACES = `
  select route, query_type, min(model_used) as model, trace_id from ledger.calls
  where ${ASKED} and reserved_at >= $1 and reserved_at < $2 and trace_id = any($3)
  group by route, query_type, trace_id
  having count(distinct model_used) = 1 and count(*) = count(model_used)`;

/** Reads the calls of the last days, as one snapshot. A call counts at its reservation. */
export function readCalls(ledger: ClientBase, days: number): Promise<PeriodCalls> {
  return inTransaction(ledger, async () => {
    await ledger.query("set transaction isolation level repeatable read, read only");
    const period = await ledger.query<{ from: Date; to: Date }>(
      `select now - make_interval(days => $1) as from, now as to from (select ledger.clock() as now) clock`,
      [days],
    );
    const { from, to } = period.rows[0]!;
    const models = await ledger.query<Record<string, string | null>>(MODELS, [from, to]);
    const refused = await ledger.query<Record<string, string>>(REFUSED, [from, to]);
    return {
      from,
      to,
      models: models.rows.map(toModelCalls),
      refused: refused.rows.map((row) => ({
        route: row.route!,
        queryType: row.query_type!,
        hits: Number(row.refused),
        n: Number(row.n),
      })),
    };
  });
}

/** The traces, of some, that one model alone is to be credited with. */
export async function readTraces(
  ledger: ClientBase,
  { from, to }: { from: Date; to: Date },
  traceIds: string[],
): Promise<ModelTrace[]> {
  const { rows } = await ledger.query<Record<string, string>>(TRACES, [from, to, traceIds]);
  return rows.map((row) => ({
    route: row.route!,
    queryType: row.query_type!,
    model: row.model!,
    traceId: row.trace_id!,
  }));
}

function toModelCalls(row: Record<string, string | null>): ModelCalls {
  const calls = Number(row.calls);
  return {
    route: row.route!,
    queryType: row.query_type!,
    model: row.model_used!,
    calls,
    cost: { n: calls, mean: Number(row.cost_mean), variance: Number(row.cost_variance) },
    seconds: {
      n: Number(row.answered),
      mean: Number(row.seconds_mean),
      variance: Number(row.seconds_variance),
    },
    p95Seconds: row.p95_seconds === null ? null : Number(row.p95_seconds),
    failed: { hits: Number(row.failed), n: calls },
  };
}
