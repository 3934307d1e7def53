import { atWindow, changing, holds, recorded } from "../support/measure";
import { counter, type Measure } from "../support/suite";

type Pieces = [intervals: number, step: number][];

const agent = (outcome: string, method = "tools/call", instance = "one") =>
  `tollgate_agent_requests_total{method="${method}",outcome="${outcome}",instance="${instance}"}`;
const gateway = (outcome: string, instance = "one") =>
  `tollgate_guard_calls_total{outcome="${outcome}",instance="${instance}"}`;
const bucket = (le: string, instance = "one") =>
  `tollgate_agent_query_seconds_bucket{le="${le}",instance="${instance}"}`;

/** In a window 60 errors of 500 tool calls, from two instances, among other methods' traffic. */
const toolCalls: Record<string, string> = {
  [agent("error")]: changing(1, 2, 6),
  [agent("error", "tools/call", "two")]: changing(2, 3, 1),
  [agent("ok")]: changing(10, 20, 30),
  [agent("ok", "tools/call", "two")]: changing(30, 25, 5),
  [agent("user_error")]: changing(1, 2, 6),
  [agent("error", "initialize")]: changing(7, 7, 7),
  [agent("ok", "initialize")]: changing(70, 70, 70),
};
/** In a window 60 failures of 300 calls; a client that went away does not count. */
const llmCalls: Record<string, string> = {
  [gateway("failure")]: changing(1, 2, 6),
  [gateway("timeout", "two")]: changing(2, 3, 1),
  [gateway("success")]: changing(10, 20, 10),
  [gateway("disconnected", "two")]: changing(5, 4, 14),
};
/** In a window 20 of 200 answers take 10 to 20 s: half of these are later than the 95th of 100, at 15 s. */
const answers: Record<string, string> = {
  [bucket("5")]: changing(0, 0, 0),
  [bucket("10")]: changing(10, 10, 6),
  [bucket("20")]: changing(10, 10, 10),
  [bucket("+Inf")]: changing(10, 10, 10),
  [bucket("5", "two")]: changing(0, 0, 0),
  [bucket("10", "two")]: changing(10, 10, 10),
  [bucket("20", "two")]: changing(10, 10, 10),
  [bucket("+Inf", "two")]: changing(10, 10, 10),
};

const ratios = {
  "5m": 300,
  "30m": 1_800,
  "1h": 3_600,
  "2h": 7_200,
  "6h": 21_600,
  "1d": 86_400,
  "3d": 259_200,
};

const recordings: Measure[] = [
  ...Object.entries(ratios).map(([window, seconds]) =>
    recorded(
      `tollgate:error_ratio:rate${window}`,
      60 / 500,
      atWindow(seconds, "is all instances' share of failed tool calls in its window", toolCalls),
    ),
  ),
  ...(
    [
      ["requests", "agent", 500],
      ["errors", "agent", 60],
      ["requests", "gateway", 300],
      ["errors", "gateway", 60],
    ] as const
  ).map(([what, service, inWindow]) =>
    recorded(
      `tollgate:${what}:rate5m`,
      inWindow / 300,
      atWindow(300, `adds up the instances of the ${service}`, { ...toolCalls, ...llmCalls }),
      `{service="${service}"}`,
    ),
  ),
  recorded("tollgate:query_seconds:p95_5m", 15, atWindow(300, "is of all instances' answers", answers)),
];

/** The long windows with the failures of 1000 tool calls that are the threshold; a short window is a twelfth. */
const burns = [
  { window: "1h", seconds: 3_600, limit: 72 },
  { window: "6h", seconds: 21_600, limit: 30 },
  { window: "1d", seconds: 86_400, limit: 15 },
  { window: "3d", seconds: 259_200, limit: 5 },
];
const LONG = 60;
const SHORT = 5;

const burnRates: Measure[] = burns.flatMap(({ window, seconds, limit }) => {
  const interval = seconds / LONG;
  const burning = (isTrue: boolean, shows: string, series: Record<string, string>, at = LONG) =>
    holds(
      "ErrorBudgetBurn",
      isTrue,
      { shows: `${window} ${shows}`, series, interval, at },
      `window="${window}"`,
    );
  /** A thousand tool calls a second, with so many failures before the short window and in it. */
  const failing = (before: number, inShort: number) => {
    const steps = (a: number, b: number) =>
      counter([LONG - SHORT, Math.round(a * interval)], [SHORT, Math.round(b * interval)]);
    return { [agent("error")]: steps(before, inShort), [agent("ok")]: steps(1000 - before, 1000 - inShort) };
  };
  const inAll = (share: number) => (share * limit * LONG) / SHORT;
  /** Nothing but failures, of two instances; `before` the long window, other methods also within. */
  const failures = (before: Pieces, ...within: Pieces) => ({
    [agent("error")]: counter(...before, ...within),
    [agent("error", "tools/call", "two")]: counter(...before, ...within),
    [agent("error", "initialize")]: counter([2 * LONG, 1]),
  });
  return [
    burning(false, "is quiet when the long window is at the threshold", failing(0, inAll(1))),
    burning(true, "holds when the long window is 5 % over", failing(0, inAll(1.05))),
    burning(false, "is quiet when the short window is at the threshold", failing(2 * limit, limit)),
    burning(true, "holds when the short window is 5 % over", failing(2 * limit, 1.05 * limit)),
    burning(true, "holds from ten failures of all instances on", failures([], [20, 0], [40, 0.125])),
    burning(
      false,
      "is quiet for fewer, regardless of earlier and other failures",
      failures([[LONG, 1]], [22, 0], [38, 0.125]),
      2 * LONG,
    ),
  ];
});

export const requestMeasures: Measure[] = [...recordings, ...burnRates];
