import { thresholds } from "../../dashboards/thresholds";
import type { Sample } from "../query/prometheus";
import type { CloudRun } from "./cloud-run";

/** Whether the new revisions do well. */
export interface Health {
  /** What is wrong now; nothing when all is well. */
  findings(revisions: Record<string, string>): Promise<string[]>;
}

/** What the environment's Prometheus answers now, in the order of the expressions. */
export type AskPrometheus = (expressions: string[]) => Promise<Sample[][]>;

const { errors, latency } = thresholds;

interface Query {
  query: string;
  describe: (who: string, value: number) => string;
}

/** Prometheus has heard of the service in the last minutes; else it would find nothing wrong with it. */
const seen = (service: string): Query => ({
  query: `absent(up{job="${service}"} == 1)`,
  describe: () => `${service}: Prometheus has no metrics of it`,
});

/** The same numbers that operations are alerted by, asked of the environment's Prometheus. */
const QUERIES: Query[] = [
  {
    query: `tollgate:error_ratio:rate5m > ${errors.share} and tollgate:errors:rate5m * 300 >= ${errors.minErrors}`,
    describe: (who: string, value: number) =>
      `${who}: ${(value * 100).toFixed(1)} % of the requests fail (at most ${errors.share * 100} %)`,
  },
  {
    query: `tollgate:query_seconds:p95_5m > ${latency.seconds}`,
    describe: (who: string, value: number) =>
      `${who}: the slowest 5 % of the answers take ${value.toFixed(1)} s (at most ${latency.seconds} s)`,
  },
];

/**
 * Readiness from Cloud Run; error rate and latency from Prometheus. A Prometheus that does not answer is a finding: traffic
 * is not sent to what cannot be measured. The rates are those of the whole service, old revisions and new ones together.
 */
export class ObservedHealth implements Health {
  constructor(
    private readonly run: CloudRun,
    private readonly ask: AskPrometheus,
  ) {}

  async findings(revisions: Record<string, string>): Promise<string[]> {
    const queries = [...Object.keys(revisions).map(seen), ...QUERIES];
    const [ready, measured] = await Promise.all([this.notReady(revisions), this.measured(queries)]);
    return [...ready, ...measured];
  }

  private async notReady(revisions: Record<string, string>): Promise<string[]> {
    const found = await Promise.all(
      Object.entries(revisions).map(async ([service, name]) => {
        const { ready, reason } = await this.run.revision(service, name);
        return ready ? [] : [`${service}: ${name} is not ready (${reason ?? "no reason given"})`];
      }),
    );
    return found.flat();
  }

  private async measured(queries: Query[]): Promise<string[]> {
    try {
      const answers = await this.ask(queries.map(({ query }) => query));
      return answers.flatMap((samples, at) =>
        samples.map(({ metric, value }) =>
          queries[at]!.describe(metric.service ?? "the stack", Number(value[1])),
        ),
      );
    } catch (error) {
      return [`Prometheus does not answer (${(error as Error).message})`];
    }
  }
}
