import { thresholds } from "../../../thresholds";
import type { Row } from "../../lib/dashboard";
import { timeSeries } from "../../lib/panels";
import { prom } from "../../lib/queries";
import { limitSteps } from "../../lib/thresholds";
import { unit } from "../../lib/units";

/** Cloud Run's own metrics as Cloud Monitoring names them; counters and histograms by the collector. */
const RUN = "stackdriver_cloud_run_revision_run_googleapis_com";

/** Cloud Monitoring has a point a minute and the collector asks every five: shorter windows are empty. */
export const cloudRate = (metric: string, by: string) => `sum by (${by}) (rate(${RUN}_${metric}[15m]))`;

const cloudQuantile = (metric: string) =>
  `(histogram_quantile(0.95, sum by (le, service_name) (rate(${RUN}_${metric}_bucket[15m]))) >= 0)`;

/** What its panels show elsewhere than on Google Cloud. */
const NOTHING = "Cloud Run reports nothing";

/** What Google Cloud says of the services' instances. */
export const cloudRun: Row = {
  title: "Cloud Run",
  panels: [
    timeSeries({
      title: "Instances",
      description: "By service and state; idle ones are kept warm and cost less.",
      unit: unit.count,
      noValue: NOTHING,
      queries: [
        prom(`sum by (service_name, state) (${RUN}_container_instance_count)`, "{{service_name}} {{state}}"),
      ],
    }),
    timeSeries({
      title: "CPU, p95 of the instances",
      description: "Share of the CPU that an instance has.",
      unit: unit.share,
      noValue: NOTHING,
      queries: [prom(cloudQuantile("container_cpu_utilizations"), "{{service_name}}")],
    }),
    timeSeries({
      title: "Memory, p95 of the instances",
      description: "Share of the memory that an instance has; at 1 it is ended.",
      unit: unit.share,
      noValue: NOTHING,
      queries: [prom(cloudQuantile("container_memory_utilizations"), "{{service_name}}")],
    }),
    timeSeries({
      title: "Cold starts",
      description: `Instances that start, of all requests. Cold Start Surge fires over ${thresholds.coldStarts.share * 100} %.`,
      unit: unit.share,
      noValue: NOTHING,
      steps: limitSteps(thresholds.coldStarts.share),
      queries: [
        prom(
          `${cloudRate("container_startup_latencies_count", "service_name")}
           / (${cloudRate("request_count", "service_name")} > 0)`,
          "{{service_name}}",
        ),
      ],
    }),
    timeSeries({
      title: "Start-up time, p95",
      description: "Milliseconds from the decision to start an instance to its first request, in seconds.",
      unit: unit.seconds,
      noValue: NOTHING,
      queries: [prom(`${cloudQuantile("container_startup_latencies")} / 1000`, "{{service_name}}")],
    }),
    timeSeries({
      title: "Billed instance time",
      description: "Instance-seconds a second: one is an instance that is billed around the clock.",
      unit: unit.count,
      noValue: NOTHING,
      queries: [prom(cloudRate("container_billable_instance_time", "service_name"), "{{service_name}}")],
    }),
  ],
};
