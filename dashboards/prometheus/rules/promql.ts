import { thresholds } from "../../thresholds";
import { oneLine } from "./rule";

/** A counter's growth over a window, summed by labels: `increase`, for events that are frequent. */
export function growth(selector: string, window: string, by: string[] = []): string {
  return `sum${grouping(by)} (increase(${selector}[${window}]))`;
}

/** How often a rare event happened in a window, summed by labels: first values count. */
export function rareEvents(selector: string, by: string[] = []): string {
  return growthFromBirth(selector, thresholds.rareEvents.window, by);
}

/**
 * A counter's growth over a window, summed by labels, first values included.
 *
 * A counter with labels does not exist before its first event and is born at 1, where `increase` sees nothing. So a series
 * counts whole when it was not there before the window, nor in the hour before that: a scrape that failed just then must
 * not make old events new.
 */
export function growthFromBirth(selector: string, window: string, by: string[] = []): string {
  const { memory } = thresholds.rareEvents;
  return oneLine(`
    sum${grouping(by)} (
      (${selector} unless last_over_time(${selector}[${memory}] offset ${window}))
      or increase(${selector}[${window}])
    )`);
}

/** A gauge that an exporter publishes, held over a restart of it so that an alert neither ends nor fires anew. */
export function held(selector: string): string {
  return `last_over_time(${selector}[5m])`;
}

const UNIT_SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/**
 * Seconds of a Prometheus duration of one unit, such as `5m`.
 *
 * @throws RangeError for anything else.
 */
export function seconds(duration: string): number {
  const match = /^(\d+)([smhd])$/.exec(duration);
  if (!match)
    throw new RangeError(`"${duration}" must be a duration: digits and one of s, m, h, d, such as "5m"`);
  return Number(match[1]) * UNIT_SECONDS[match[2] as keyof typeof UNIT_SECONDS];
}

function grouping(by: string[]): string {
  return by.length > 0 ? ` by (${by.join(", ")})` : "";
}
