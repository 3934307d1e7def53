import type { BilledResource } from "./rates";

const SCHEDULE = "gcp:cloudscheduler/job:Job";
const HOURS_OF_WEEK = 168;
const MINUTES_OF_HOUR = 60;

/** The part of the week that each resource is awake, by its name: the schedules that wake it and put it to sleep say it. */
export function awakeShares(resources: BilledResource[]): Map<string, number> {
  const shares = new Map<string, number>();
  const schedules = new Map(
    resources
      .filter(({ type }) => type === SCHEDULE)
      .map(({ name, inputs }) => [name, String(inputs.schedule)]),
  );
  for (const [name, cron] of schedules) {
    const [, sleeper] = /^office-wake-(.+)$/.exec(name) ?? [];
    const sleep = schedules.get(`office-sleep-${sleeper}`);
    if (sleeper && sleep) shares.set(sleeper, (5 * (hourOf(sleep) - hourOf(cron))) / HOURS_OF_WEEK);
  }
  return shares;
}

/** Of a cron expression on working days: 7.75 for `45 7 * * 1-5`. */
function hourOf(cron: string): number {
  const [minute, hour] = cron.split(" ").map(Number);
  return hour! + minute! / MINUTES_OF_HOUR;
}
