import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Seconds between two samples. */
const STEP = 30;
/** Minutes of a history; the panels look at its last hour, from its end. */
export const MINUTES = 90;

export interface Recorded {
  job: string;
  name: string;
  labels: Record<string, string>;
  value: number;
  isCounter: boolean;
}

/** What became of a series: its value at each minute, nothing where it was not there, and labels that it has then. */
export type Fate = (
  series: Recorded,
  minute: number,
) => { value: number; labels?: Record<string, string> } | undefined;

const folder = join(__dirname, "scrapes");

/**
 * What the services' `/metrics` answered in the middle of traffic (the local stack's; Cloud Run's, ClickHouse's and Redis' after their
 * documents), with the series that are on every scrape.
 */
const recorded: Recorded[] = readdirSync(folder).flatMap((file) => {
  const job = basename(file, ".prom");
  const always = [`up 1`, "scrape_duration_seconds 0.01"];
  return [...readFileSync(join(folder, file), "utf8").trim().split("\n"), ...always].map((line): Recorded => {
    const [, name = "", labels = "", value = ""] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line)!;
    return {
      job,
      name,
      labels: Object.fromEntries(
        [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label!, text!]),
      ),
      value: Number(value),
      isCounter: /_(total|bucket|count|sum)$|^ClickHouseProfile|billable|request_count$/.test(name),
    };
  });
});

/** OpenMetrics of the recorded series, each with its fate, from a moment (seconds since 1970) on. */
export function openMetrics(fate: Fate, from: number, more: Recorded[] = []): string {
  const samples = Array.from({ length: (MINUTES * 60) / STEP + 1 }, (_, i) => i * STEP);
  return [...recorded, ...more]
    .flatMap((series) =>
      samples.flatMap((seconds) => {
        const at = fate(series, seconds / 60);
        if (!at) return [];
        const labels = { job: series.job, instance: "one", ...series.labels, ...at.labels };
        const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
        return [`${series.name}{${text.join(",")}} ${at.value} ${from + seconds}`];
      }),
    )
    .join("\n");
}
