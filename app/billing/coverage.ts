import { addDays, dayOf, startOf, type Day, type Period } from "../dates";
import type { Extent } from "../sources/source";

/**
 * How long after a day's end its lines may still arrive. Google exports all day long and guarantees no latency. A day was
 * seen two thirds written at its end (commontoolsinc/labs#5202), single lines up to 1.6 days late (m-lab/prometheus-support#703).
 */
const SETTLING_MS = 24 * 3_600_000;

/** Which days of the bill are there, and which of them are finished. */
export class Coverage {
  constructor(private readonly extent: Extent) {}

  get isEmpty(): boolean {
    return this.extent.newestExport === null;
  }

  /** When the bill was last added to. */
  get dataUntil(): Date | null {
    return this.extent.newestExport;
  }

  /** The day of the first line; null when the data reach back further than asked, or are empty. */
  get firstDay(): Day | null {
    return this.extent.firstUsage && dayOf(this.extent.firstUsage);
  }

  /** The newest day to which nothing is likely to be added; null without data. */
  get lastFinishedDay(): Day | null {
    const { newestExport } = this.extent;
    return newestExport && addDays(dayOf(new Date(newestExport.getTime() - SETTLING_MS)), -1);
  }

  /** The first day of a period that is not finished; null when all are. */
  unfinishedFrom({ from, to }: Period): Day | null {
    const last = this.lastFinishedDay;
    if (last === null || last < from) return from;
    return last < to ? addDays(last, 1) : null;
  }

  /** Whether the data reach back to the period's first moment. */
  reachesBackTo({ from }: Period): boolean {
    const { firstUsage } = this.extent;
    return !this.isEmpty && (firstUsage === null || firstUsage <= hourAfter(startOf(from)));
  }

  /** Whether any line can be in the period. */
  touches({ from, to }: Period): boolean {
    const { firstDay, dataUntil } = this;
    return dataUntil !== null && (firstDay === null || firstDay <= to) && from <= dayOf(dataUntil);
  }
}

/** Usage is exported by the hour. */
function hourAfter(moment: Date): Date {
  return new Date(moment.getTime() + 3_600_000);
}
