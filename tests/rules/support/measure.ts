import { counter, type Measure } from "./suite";

type Situation = Omit<Measure, "rule" | "expr" | "value">;

const STEPS = 10;

/** A situation in which half a window, a whole one and two of them hold different sums of what is `changing`. */
export const atWindow = (seconds: number, shows: string, series: Record<string, string>): Situation => ({
  shows,
  series,
  interval: seconds / STEPS,
  at: 2 * STEPS,
});

/** A counter that grows by so much an interval before the window of `atWindow`, in its first half and in its second. */
export const changing = (before: number, first: number, second: number): string =>
  counter([STEPS, before], [STEPS / 2, first], [STEPS / 2, second]);

/**
 * What a recorded series is worth in a situation.
 *
 * @param value to six places: the tail of binary floats is not part of what is expected
 * @param labels labels that select the series, such as `{service="agent"}`
 */
export function recorded(record: string, value: number, situation: Situation, labels = ""): Measure {
  return {
    ...situation,
    rule: record,
    expr: `round(sum(${record}${labels}), 0.000001)`,
    value: Number(value.toFixed(6)),
  };
}

/** Whether an alert's condition holds in a situation, at this very evaluation: whatever its `for`. */
export function holds(alert: string, isTrue: boolean, situation: Situation, labels = ""): Measure {
  return {
    ...situation,
    rule: alert,
    expr: `count(ALERTS{alertname="${alert}"${labels && `,${labels}`}}) or vector(0)`,
    value: isTrue ? 1 : 0,
  };
}
