import { atWindow, changing, holds, recorded } from "../support/measure";
import { counter, type Measure } from "../support/suite";

const spend = (instance = "one", model = "m") =>
  `tollgate_guard_spend_nanodollars_total{model="${model}",instance="${instance}"}`;
const litellm = (instance = "one", model = "m") =>
  `tollgate_guard_litellm_spend_nanodollars_total{model="${model}",instance="${instance}"}`;

const FIVE_MINUTES = 300;
const DAY = 86_400 / FIVE_MINUTES;
/** Nano-dollars in five minutes of so many dollars an hour. */
const hourly = (dollars: number) => (dollars * 1e9) / 12;
const everyFiveMinutes = (shows: string, at: number, ...pieces: [intervals: number, step: number][]) => ({
  shows,
  at,
  interval: FIVE_MINUTES,
  series: { [spend()]: counter(...pieces) },
});

/** In a window 2 and 1 cents of `m` by both counts, and another one of another model. */
const spending = {
  [spend()]: changing(1e6, 1e6, 3e6),
  [spend("two")]: changing(3e6, 1.5e6, 0.5e6),
  [spend("one", "b")]: changing(1e6, 1e6, 1e6),
  [litellm()]: changing(1e6, 1e6, 3e6),
  [litellm("two")]: changing(3e6, 1.5e6, 0.5e6),
  [litellm("one", "b")]: changing(1e6, 1e6, 1e6),
};

const ofModel = `{model="m"}`;

/** What a model's count is worth four hours after its start, of a series that came and went: intervals of five minutes. */
const births = (count: "ledger" | "litellm", series: string): Measure[] => {
  const born = (shows: string, value: number, values: string) =>
    recorded(
      `tollgate:${count}_spend_nanodollars:increase1h`,
      value,
      { shows, interval: FIVE_MINUTES, at: 48, series: { [series]: values } },
      ofModel,
    );
  return [
    born("counts a series of 45 minutes ago whole", 30, "_x39 30x20"),
    born("counts nothing of one that was there an hour and three quarters ago", 0, "_x27 30 _x14 30x20"),
    born("counts one whole that was last there two and a half hours ago", 30, "_x18 30 _x23 30x20"),
  ];
};

const recordings: Measure[] = [
  ...births("ledger", spend()),
  ...births("litellm", litellm()),
  recorded(
    "tollgate:spend_usd_per_hour:rate10m",
    0.24,
    atWindow(600, "adds all instances and models up", spending),
  ),
  ...["ledger", "litellm"].map((count) =>
    recorded(
      `tollgate:${count}_spend_nanodollars:increase1h`,
      30e6,
      atWindow(3_600, "adds a model's instances up", spending),
      ofModel,
    ),
  ),
  recorded(
    "tollgate:spend_usd_per_hour:avg1d",
    // The rates of no sample, of one interval and of 81 times the whole window.
    (0 + 1.5 + 81 * 3) / 83,
    everyFiveMinutes("leaves the last ten minutes out", 84, [82, hourly(3)], [2, hourly(6)]),
  ),
];

const thresholds: Measure[] = [
  holds(
    "CostSpike",
    false,
    everyFiveMinutes("is quiet at three times the average", DAY + 6, [DAY + 4, hourly(12)], [2, hourly(36)]),
  ),
  holds(
    "CostSpike",
    false,
    // Three rates whose sum is $30 an hour to the last bit, in any order: that of one series is not.
    atWindow(
      600,
      "is quiet at the ceiling while there is no average",
      Object.fromEntries(
        [5e6, 67.5e6, 427.5e6].map((step, i) => [spend("one", `m${i}`), changing(step, step, step)]),
      ),
    ),
  ),
  holds(
    "SpendMismatch",
    false,
    atWindow(3_600, "is quiet at 2 %", {
      [spend()]: changing(1e9, 1e9, 1e9),
      [litellm()]: changing(0.98e9, 0.98e9, 0.98e9),
    }),
  ),
];

export const spendMeasures: Measure[] = [...recordings, ...thresholds];
