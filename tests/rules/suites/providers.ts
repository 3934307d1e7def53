import { atWindow, changing, holds, recorded } from "../support/measure";
import { counter, type Expected, type Measure, type Suite } from "../support/suite";

const errors = (status: string, provider = "anthropic", model = "m") =>
  `tollgate_guard_provider_errors_total{provider="${provider}",model="${model}",status="${status}"}`;
const calls = (outcome: string, provider = "anthropic", model = "m") =>
  `tollgate_guard_calls_total{provider="${provider}",model="${model}",outcome="${outcome}"}`;
const fallbacks = (model: string, status = "503") =>
  `litellm_deployment_failed_fallbacks_total{requested_model="${model}",exception_status="${status}"}`;

const attempts = (ending: string, model = "m", provider = "anthropic") =>
  `tollgate_guard_attempts_total{provider="${provider}",model="${model}",ending="${ending}"}`;
const answeredByFallback = (model: string) =>
  `litellm_deployment_successful_fallbacks_total{requested_model="${model}",fallback_model="f"}`;

const warning = (summary: string, labels?: Record<string, string>): Expected => ({
  severity: "warning",
  service: "gateway",
  team: "platform",
  ...(labels ? { labels } : {}),
  summary,
  dashboard: "alerts-incidents",
});
const ofModel = { provider: "anthropic", model: "m" };

interface EndingAlert {
  alert: string;
  endings: [string, ...string[]];
  /** Endings that it is not about. */
  others: string[];
  /** Percent of the attempts that it takes, and how many in ten minutes. */
  share: number;
  least: number;
  /** Minutes of its `for`. */
  holds: number;
  summary: (percent: string) => string;
}

/** The cases of an alert on the ways in which attempts end; samples come every 15 seconds. */
function endingCases({ alert, endings, others, share, least, holds, summary }: EndingAlert): Suite["cases"] {
  const [first] = endings;
  const good = (10 * (100 - share)) / share;
  const onset = `${holds}m15s`;
  const all = [warning(summary("100%"), ofModel)];
  const justOver = 10 / (10 + good - 0.5);
  return [
    ...endings.map((ending) => ({
      alert,
      shows: `fires when all attempts end in ${ending}`,
      series: { [attempts(ending)]: counter([80, least]) },
      onset,
      alerts: all,
    })),
    {
      alert,
      shows: "is quiet at exactly its share",
      series: { [attempts(first)]: counter([160, 10]), [attempts("complete")]: counter([160, good]) },
      quietAt: ["20m", "35m"],
    },
    {
      alert,
      shows: "fires just over its share, regardless of unsent calls and other models",
      series: {
        [attempts(first)]: counter([160, 10]),
        [attempts("complete")]: counter([160, good - 0.5]),
        [attempts("not_paid_for")]: counter([160, 1_000]),
        [attempts("complete", "n")]: counter([160, 1_000]),
      },
      onset,
      alerts: [warning(summary(percent(justOver)), ofModel)],
    },
    {
      alert,
      shows: "fires at its number in ten minutes",
      series: { [attempts(first)]: `0x20 ${least}x19 ${2 * least}x60` },
      onset: `${holds + 5}m15s`,
      alerts: all,
    },
    {
      alert,
      shows: "counts the first values of a series",
      series: { [attempts(first)]: `_x20 ${least}x19 ${2 * least}x60` },
      onset: `${holds + 5}m`,
      alerts: all,
    },
    {
      alert,
      shows: "is quiet below it, of one model and in ten minutes",
      series: {
        [attempts(first)]: `0x20 ${least - 0.1}x42 ${2 * (least - 0.1)}x60`,
        [attempts(first, "n")]: `0x20 ${least - 0.1}x42 ${2 * (least - 0.1)}x60`,
        // Enough of other endings to reach the number, and few enough to keep the share.
        [attempts("complete")]: `0x20 ${((least - 0.1) * good) / 20}x42 ${((least - 0.1) * good) / 10}x60`,
      },
      quietAt: ["10m15s", "15m", "15m15s", "21m", "25m"],
    },
    {
      alert,
      shows: "is quiet for other endings",
      series: Object.fromEntries(others.map((ending) => [attempts(ending), counter([160, 50])])),
      quietAt: ["15m", "30m"],
    },
  ];
}

const percent = (share: number) => `${Number((share * 100).toPrecision(4))}%`;

const down = (share: string): Expected => ({
  severity: "critical",
  service: "gateway",
  team: "platform",
  labels: { provider: "anthropic" },
  summary: `anthropic fails ${share} of calls`,
  dashboard: "alerts-incidents",
});

const providerMeasures: Measure[] = [
  recorded(
    "tollgate:attempts:increase10m",
    30,
    atWindow(600, "adds the instances up", {
      [`${attempts("cut").slice(0, -1)},instance="one"}`]: changing(3, 1, 2),
      [`${attempts("cut").slice(0, -1)},instance="two"}`]: changing(1, 2, 1),
      [attempts("complete")]: changing(5, 5, 5),
    }),
    `{ending="cut"}`,
  ),
  ...(
    [
      [
        "tollgate:attempts:increase10m",
        60,
        (instance: string) => `${attempts("cut").slice(0, -1)},instance="${instance}"}`,
      ],
      [
        "tollgate:fallbacks:increase15m",
        90,
        (instance: string) => `${answeredByFallback("a").slice(0, -1)},instance="${instance}"}`,
      ],
    ] as const
  ).flatMap(([record, interval, name]) => [
    recorded(record, 5, {
      shows: "counts a series whole that is born in the window",
      interval,
      series: { [name("one")]: "_x12 5x10" },
      at: 20,
    }),
    recorded(record, 0, {
      shows: "ignores one that existed before and does not change",
      interval,
      series: { [name("one")]: "_x5 5x20" },
      at: 20,
    }),
    recorded(record, 0, {
      shows: "takes no old series for new that was away for less than an hour",
      interval,
      series: { [name("one")]: `9x2 stale _x${Math.floor(3_000 / interval)} 9x20` },
      at: 2 + Math.floor(3_000 / interval) + 4,
    }),
    recorded(record, 9, {
      shows: "takes an old series for new that was away for longer",
      interval,
      series: { [name("one")]: `9x2 stale _x${Math.ceil(5_400 / interval)} 9x20` },
      at: 2 + Math.ceil(5_400 / interval) + 4,
    }),
  ]),
  holds(
    "ProviderThrottling",
    false,
    atWindow(600, "is quiet below its number, whatever else there is", {
      [attempts("status_429")]: changing(0, 0.45, 0.5),
      [attempts("complete")]: changing(1, 1, 1),
    }),
  ),
  holds(
    "FallbackRate",
    false,
    atWindow(900, "is quiet below its number", {
      [answeredByFallback("a")]: changing(0, 0.45, 0.5),
      [calls("success")]: changing(1, 1, 1),
    }),
  ),
  holds(
    "FallbackRate",
    true,
    atWindow(900, "compares with the answers of a quarter of an hour", {
      [answeredByFallback("a")]: changing(0, 0.6, 0.6),
      [calls("success")]: changing(15, 5, 5),
    }),
  ),
  ...(
    [
      ["counts a series whole that was born four minutes ago", true, "_x10 3x10", 14],
      [
        "takes no old series for new that was away for three quarters of an hour",
        false,
        "9x5 stale _x44 9x5",
        51,
      ],
      ["takes one for new that was away for an hour and a half", true, "9x2 stale _x88 9x5", 93],
    ] as const
  ).map(([shows, fires, values, at]) =>
    holds("FallbackFailing", fires, { shows, interval: 60, at, series: { [fallbacks("analysis")]: values } }),
  ),
  recorded(
    "tollgate:fallbacks:increase15m",
    30,
    atWindow(900, "adds all routes up", {
      [answeredByFallback("a")]: changing(3, 1, 2),
      [answeredByFallback("b")]: changing(1, 2, 1),
    }),
  ),
];

export const providersSuite: Suite = {
  group: "providers",
  interval: 15,
  measures: providerMeasures,
  cases: [
    {
      alert: "ProviderDown",
      shows: "fires when every call fails for 2 minutes, while the other provider is well",
      series: {
        [errors("5xx")]: counter([40, 1]),
        [calls("failure")]: counter([40, 5]),
        [calls("success", "vertex")]: counter([40, 5]),
      },
      onset: "2m45s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "counts timeouts and broken connections, over all models",
      series: {
        [errors("timeout")]: counter([40, 0.5]),
        [errors("connection", "anthropic", "n")]: counter([40, 0.5]),
      },
      onset: "2m45s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "fires when just over half fails",
      series: { [errors("5xx")]: counter([40, 1]), [calls("success")]: counter([40, 0.9]) },
      onset: "2m45s",
      alerts: [down("52.63%")],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet when just under half fails",
      series: {
        [errors("5xx")]: counter([40, 1]),
        [calls("success")]: counter([40, 0.55]),
        [calls("success", "anthropic", "n")]: counter([40, 0.5]),
      },
      quietAt: "8m",
    },
    {
      alert: "ProviderDown",
      shows: "is quiet when exactly half fails",
      series: { [errors("5xx")]: counter([40, 1]), [calls("success")]: counter([40, 1]) },
      quietAt: "8m",
    },
    {
      alert: "ProviderDown",
      shows: "needs three errors in two minutes",
      series: { [errors("5xx")]: "0x8 3x7 6x8" },
      onset: "4m15s",
      alerts: [down("100%")],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet with fewer",
      series: { [errors("5xx")]: "0x8 2.8x7 5.6x8" },
      quietAt: ["4m", "4m15s"],
    },
    {
      alert: "ProviderDown",
      shows: "is quiet for our own quota and our own mistakes",
      series: { [errors("429")]: counter([40, 1]), [errors("4xx")]: counter([40, 1]) },
      quietAt: "8m",
    },
    {
      alert: "FallbackFailing",
      shows: "fires at three calls that no model answered",
      series: {
        [fallbacks("analysis")]: "0x4 2x40",
        [fallbacks("analysis", "500")]: "0x4 1x40",
      },
      onset: "2m15s",
      also: ["5m30s"],
      ends: "6m30s",
      alerts: [
        {
          severity: "critical",
          service: "gateway",
          team: "platform",
          labels: { requested_model: "analysis" },
          summary: "Calls to analysis fail at the fallback too",
          values: ["3"],
          dashboard: "alerts-incidents",
        },
      ],
    },
    {
      alert: "FallbackFailing",
      shows: "is quiet with fewer, of one model",
      series: { [fallbacks("analysis")]: counter([80, 0.14]), [fallbacks("simple")]: counter([80, 0.14]) },
      quietAt: "15m",
    },
    {
      alert: "FallbackFailing",
      shows: "fires at the first three, when the counter is born",
      series: { [fallbacks("analysis")]: "_x8 3x40" },
      onset: "3m",
      alerts: [
        {
          severity: "critical",
          service: "gateway",
          team: "platform",
          labels: { requested_model: "analysis" },
          summary: "Calls to analysis fail at the fallback too",
          values: ["3"],
          dashboard: "alerts-incidents",
        },
      ],
    },
    ...endingCases({
      alert: "ProviderRefusing",
      endings: ["status_4xx"],
      others: ["status_429", "status_5xx", "timeout", "unsent", "cut", "complete"],
      share: 50,
      least: 3,
      holds: 5,
      summary: (share) => `anthropic refuses ${share} of calls to m`,
    }),
    ...endingCases({
      alert: "ProviderThrottling",
      endings: ["status_429"],
      others: ["status_4xx", "status_5xx", "timeout", "unsent", "cut", "complete"],
      share: 20,
      least: 5,
      holds: 10,
      summary: (share) => `anthropic throttles ${share} of calls to m`,
    }),
    ...endingCases({
      alert: "AnswersCut",
      endings: ["cut", "empty", "unreadable", "error_in_answer", "broken"],
      others: ["status_429", "status_4xx", "status_5xx", "timeout", "unsent", "no_usage", "complete"],
      share: 10,
      least: 3,
      holds: 5,
      summary: (share) => `${share} of the answers of m are cut, empty or unreadable`,
    }),
    {
      alert: "AnswersCut",
      shows: "adds the endings up",
      series: {
        [attempts("cut")]: counter([80, 6]),
        [attempts("broken")]: counter([80, 6]),
        [attempts("complete")]: counter([80, 100]),
      },
      onset: "5m15s",
      alerts: [warning("10.71% of the answers of m are cut, empty or unreadable", ofModel)],
    },
    {
      alert: "AnswersCut",
      shows: "reaches its number with several endings",
      series: { [attempts("cut")]: "0x20 1.6x19 3.2x60", [attempts("empty")]: "0x20 1.6x19 3.2x60" },
      onset: "10m15s",
      alerts: [warning("100% of the answers of m are cut, empty or unreadable", ofModel)],
    },
    {
      alert: "FallbackRate",
      shows: "fires when over a tenth of the answers come from fallbacks, over all routes and models",
      series: {
        [answeredByFallback("analysis")]: counter([160, 0.6]),
        [answeredByFallback("deep")]: counter([160, 0.5]),
        [calls("success")]: counter([160, 5]),
        [calls("success", "vertex")]: counter([160, 5]),
        [calls("failure")]: counter([160, 100]),
      },
      onset: "11m15s",
      alerts: [warning("11% of answers come from a fallback")],
    },
    {
      alert: "FallbackRate",
      shows: "counts the first ones, when the counter is born",
      series: { [answeredByFallback("analysis")]: "_x20 5x100", [calls("success")]: counter([160, 0.8]) },
      onset: "15m",
      alerts: [warning("10.42% of answers come from a fallback")],
      ends: "21m",
    },
    {
      alert: "FallbackRate",
      shows: "is quiet at a tenth, and below five",
      series: { [answeredByFallback("analysis")]: counter([160, 1]), [calls("success")]: counter([160, 10]) },
      quietAt: ["20m", "35m"],
    },
    {
      alert: "FallbackRate",
      shows: "is quiet below five in a quarter of an hour",
      series: { [answeredByFallback("analysis")]: "_x20 4x100", [calls("success")]: counter([160, 0.1]) },
      quietAt: ["15m15s", "18m"],
    },
  ],
};
