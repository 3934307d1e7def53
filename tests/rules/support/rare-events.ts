import type { Expected, Fires, Quiet } from "./suite";

interface RareEvent {
  alert: string;
  /** The counter of one gateway. */
  counter: (instance: string) => string;
  /** The alert when that many events are counted. */
  expected: (events: string) => Expected;
  /** Events from which it fires. */
  least: number;
  /** Minutes of its `for`. */
  holds: number;
}

/** The cases of an alert on a counter that is born with its first event; a window of 15 minutes and a memory of an hour. */
export function rareEventCases({ alert, counter, expected, least, holds }: RareEvent): (Fires | Quiet)[] {
  const at = (minute: number) => `${minute + holds}m`;
  return [
    {
      alert,
      shows: "fires at the first events, when the counter is born, for 15 minutes",
      series: { [counter("one")]: `_x5 ${least}x60` },
      onset: at(5),
      alerts: [expected(String(least))],
      also: ["19m"],
      ends: "21m",
    },
    {
      alert,
      shows: "fires at later events, adding the gateways up",
      series: { [counter("one")]: `3x90 ${3 + least}x40`, [counter("two")]: "_x91 1x40" },
      onset: at(91),
      alerts: [expected(String(least + 1))],
      also: ["104m"],
      ends: "108m",
    },
    {
      alert,
      shows: "is quiet when old events come back after 40 minutes without a scrape",
      series: { [counter("one")]: "30x60 stale _x38 30x60" },
      quietAt: ["100m", "105m", "114m", "117m", "125m"],
    },
    {
      alert,
      shows: "takes them for new after two hours",
      series: { [counter("one")]: `${least}x10 stale _x100 ${least}x60` },
      onset: at(112),
      alerts: [expected(String(least))],
    },
    {
      alert,
      shows: "is quiet while the counter is unchanged, and when it restarts from zero",
      series: { [counter("one")]: "7x90 0x20" },
      quietAt: ["80m", "92m", "105m"],
    },
  ];
}
