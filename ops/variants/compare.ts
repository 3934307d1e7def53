import type { Definitions } from "../../litellm-config";
import type { ModelCalls, ModelTrace, PeriodCalls } from "./read";
import {
  differenceOfMeans,
  differenceOfShares,
  isBeyondChance,
  levelOfEach,
  rangeOfMean,
  rangeOfShare,
  sampleOf,
  type Range,
  type Sample,
  type Share,
} from "./statistics";

/** With fewer of each, a mean of so uneven things as costs has no range to rely on. */
export const LEAST_CALLS = 30;

/** `variant`: it shares the route by weight; `fallback`: it answered when a variant could not; `former`: no longer either. */
export type Role = "variant" | "fallback" | "former";

/** One model on one route and query type. A range is of 95 %, and null where there is too little for one. */
export interface ModelRow {
  model: string | null;
  role: Role | null;
  /** Of the route's traffic by the definitions, in percent; null where it is not a variant. */
  weightPercent: number | null;
  calls: number;
  /** Nano-dollars a call. */
  cost: Range | null;
  /** Of the calls that succeeded. */
  seconds: Range | null;
  p95Seconds: number | null;
  /** The judge's score, from 0 to 1, of the traces of this model only. */
  score: (Range & { traces: number }) | null;
  failed: Range | null;
}

export type Measure = "cost" | "seconds" | "score" | "failed";

/** `model` minus `against`, with a range that holds for all of a route's differences together in 95 of 100 periods. */
export interface Difference extends Range {
  queryType: string;
  measure: Measure;
  model: string;
  against: string;
  beyondChance: boolean;
}

export interface RouteReport {
  route: string;
  queryTypes: { queryType: string; models: ModelRow[]; refused: Range | null }[];
  differences: Difference[];
  /** What the differences say, for people. */
  verdict: string;
}

/** A model with what was measured of it. */
interface Measured {
  model: string;
  cost: Sample;
  seconds: Sample;
  score: Sample;
  failed: Share;
}

/**
 * Compares the models of each route, by query type.
 *
 * @param scored The traces that have a score, with the model that made them.
 */
export function compareVariants(
  { models, refused }: PeriodCalls,
  scored: (ModelTrace & { score: number })[],
  { routes }: Pick<Definitions, "routes">,
): RouteReport[] {
  const names = [...new Set([...models, ...refused].map(({ route }) => route))].sort();
  return names.map((route) => {
    const ofRoute = [...models, ...refused].filter((each) => each.route === route);
    const queryTypes = [...new Set(ofRoute.map(({ queryType }) => queryType))].sort();
    const isHere = (queryType: string) => (each: { route: string; queryType: string }) =>
      each.route === route && each.queryType === queryType;
    const scoresOf = (queryType: string, model: string | null) =>
      sampleOf(
        scored
          .filter(isHere(queryType))
          .filter((trace) => trace.model === model)
          .map(({ score }) => score),
      );
    const pairs = queryTypes.flatMap((queryType) =>
      pairsOf(
        models.filter(isHere(queryType)).flatMap(({ model, ...calls }) => {
          if (model === null || roleOf(model, routes[route]) === "fallback") return [];
          return [{ ...calls, model, score: scoresOf(queryType, model) }];
        }),
      ).map((pair) => ({ queryType, pair })),
    );
    const level = levelOfEach(pairs.flatMap(({ pair }) => measuresOf(pair)).length);
    const differences = pairs.flatMap(({ queryType, pair }) =>
      measuresOf(pair).map((measure) => differenceOf(queryType, measure, pair, level)),
    );
    return {
      route,
      queryTypes: queryTypes.map((queryType) => ({
        queryType,
        models: models
          .filter(isHere(queryType))
          .map((calls) => rowOf(calls, scoresOf(queryType, calls.model), routes[route])),
        refused: rangeOfShare(refused.find(isHere(queryType)) ?? { hits: 0, n: 0 }) ?? null,
      })),
      differences,
      verdict: verdictOf(
        pairs.map(({ pair }) => pair),
        differences,
      ),
    };
  });
}

type Route = Definitions["routes"][string];

function roleOf(model: string, route?: Route): Role {
  if (route?.variants.some((variant) => variant.model === model)) return "variant";
  return route?.fallbacks.includes(model) ? "fallback" : "former";
}

function rowOf(calls: ModelCalls, score: Sample, route?: Route): ModelRow {
  const { model } = calls;
  const scoreRange = rangeOfMean(score);
  const weights = route?.variants.reduce((sum, { weight }) => sum + weight, 0);
  const weight = route?.variants.find((variant) => variant.model === model)?.weight;
  return {
    model,
    role: model === null ? null : roleOf(model, route),
    weightPercent: weight && weights ? (100 * weight) / weights : null,
    calls: calls.calls,
    cost: rangeOfMean(calls.cost) ?? null,
    seconds: rangeOfMean(calls.seconds) ?? null,
    p95Seconds: calls.p95Seconds,
    score: scoreRange ? { ...scoreRange, traces: score.n } : null,
    failed: rangeOfShare(calls.failed) ?? null,
  };
}

type Pair = [one: Measured, other: Measured];

function pairsOf(models: Measured[]): Pair[] {
  return models.flatMap((one, at) => models.slice(at + 1).map((other): Pair => [one, other]));
}

/** What there is enough of to compare. */
function measuresOf(pair: Pair): Measure[] {
  const measures: Measure[] = ["cost", "seconds", "score", "failed"];
  return measures.filter((measure) => pair.every((model) => model[measure].n >= LEAST_CALLS));
}

function differenceOf(queryType: string, measure: Measure, [one, other]: Pair, level: number): Difference {
  const range =
    measure === "failed"
      ? differenceOfShares(one.failed, other.failed, level)
      : differenceOfMeans(one[measure], other[measure], level);
  return {
    queryType,
    measure,
    model: other.model,
    against: one.model,
    ...range,
    beyondChance: isBeyondChance(range),
  };
}

function verdictOf(pairs: Pair[], differences: Difference[]): string {
  if (pairs.length === 0)
    return "No query type was answered by two variants, so there is nothing to compare.";
  if (differences.length === 0)
    return `Too few calls to compare: each variant needs ${LEAST_CALLS} of a query type.`;
  const found = differences.filter(({ beyondChance }) => beyondChance);
  if (found.length === 0) return "No difference between its variants is beyond chance.";
  const others = found.length < differences.length ? " The other differences may be chance." : "";
  return `Beyond chance: ${found.map(sentenceOf).join("; ")}.${others}`;
}

/** The unit of each measure, and its words for less and for more. */
const WORDS: Record<Measure, { text: (size: number) => string; less: string; more: string }> = {
  cost: { text: dollars, less: "less a call", more: "more a call" },
  seconds: { text: (size) => `${size.toFixed(2)} s`, less: "faster", more: "slower" },
  score: { text: (size) => size.toFixed(2), less: "lower in score", more: "higher in score" },
  failed: {
    text: (size) => `${(100 * size).toFixed(1)} points`,
    less: "fewer failures",
    more: "more failures",
  },
};

function sentenceOf({ queryType, measure, model, against, value, low, high }: Difference): string {
  const { text, less, more } = WORDS[measure];
  const [least, most] = value < 0 ? [-high, -low] : [low, high];
  return `on ${queryType}, ${model} against ${against}: ${text(Math.abs(value))} ${value < 0 ? less : more} (${text(least)} to ${text(most)})`;
}

/** Dollars with four significant digits; a mean is not an amount that was paid. */
export function dollars(nanos: number): string {
  return `$${Number((nanos / 1e9).toPrecision(4))}`;
}
