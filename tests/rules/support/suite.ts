import type { Severity } from "../../../dashboards/prometheus";

/** An alert that is expected: all of its labels, and what its texts say. */
export interface Expected {
  severity: Severity;
  service: string;
  team: "platform" | "finops";
  /** The labels besides severity, service and team. */
  labels?: Record<string, string>;
  summary: string;
  /** What the description's placeholders are replaced by, in their order. */
  values?: string[];
  dashboard: string;
  annotations?: Record<string, string>;
}

interface Case {
  alert: string;
  /** What the case shows. */
  shows: string;
  /** Values by series, in promtool's notation, one value an interval of the suite. */
  series: Record<string, string>;
}

/** The alert fires from `onset` on, and not one evaluation earlier: that is its threshold's and its `for`'s other side. */
export interface Fires extends Case {
  onset: string;
  alerts: Expected[];
  /** More times at which the same alerts fire. */
  also?: string[];
  /** A time at which none fires any more. */
  ends?: string;
  /** What fires at other times. */
  then?: Record<string, Expected[]>;
}

/** Nothing fires, though it is close: just below the threshold, too little traffic, another label's value. */
export interface Quiet extends Case {
  quietAt: string | string[];
}

/**
 * What an expression over a recorded series, or over `ALERTS`, is worth at one evaluation. It sees what an alert hides: the
 * values of windows, and a condition exactly at its threshold.
 */
export interface Measure {
  /** The recorded series or the alert that it is about. */
  rule: string;
  /** What the measure shows. */
  shows: string;
  /** Seconds between samples and between evaluations: a window of days needs no sample a minute. */
  interval: number;
  series: Record<string, string>;
  /** The evaluation at which it is measured, counted in intervals. */
  at: number;
  /** PromQL with one value and no labels. */
  expr: string;
  value: number;
}

export interface Suite {
  /** The rule group, and the file of its rules. */
  group: string;
  /** Seconds between samples and between evaluations. */
  interval: number;
  cases: (Fires | Quiet)[];
  measures?: Measure[];
}

export const isFires = (each: Fires | Quiet): each is Fires => "onset" in each;

/**
 * A counter in promtool's notation: pieces of so many intervals that grow by so much each, from zero on.
 * `counter([3, 2], [2, 0])` is 0 2 4 6 6 6.
 */
export function counter(...pieces: [intervals: number, step: number][]): string {
  let value = 0;
  return pieces
    .map(([intervals, step], i) => {
      const start = i === 0 ? 0 : value + step;
      const steps = i === 0 ? intervals : intervals - 1;
      value = start + steps * step;
      return `${start}+${step}x${steps}`;
    })
    .join(" ");
}
