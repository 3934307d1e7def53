import { WATCHDOG } from "../../dashboards/watchdog";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { parse } from "yaml";
import { createMetrics } from "../../app/telemetry/metrics";
import { externalMetrics } from "../../dashboards/metrics/external";
import { thresholds } from "../../dashboards/thresholds";
import { repository } from "../../ops/workspace/paths";
import { generated } from "./support/promtool";

interface RenderedRule {
  alert?: string;
  record?: string;
  expr: string;
}

const folder = generated("prometheus/rules");
const rules = readdirSync(folder).flatMap(
  (file) =>
    (parse(readFileSync(join(folder, file), "utf8")) as { groups: { rules: RenderedRule[] }[] }).groups[0]!
      .rules,
);

/** What the services publish by docs/interfaces.md, what other servers publish by the committed list, what rules record. */
const known = new Set([
  ...readFileSync(join(repository, "docs/interfaces.md"), "utf8").match(/(tollgate|pg)_[a-z_]+/g)!,
  ...externalMetrics.map(({ name }) => name),
  ...rules.flatMap(({ record }) => record ?? []),
]);

function metricsOf(expr: string): string[] {
  const metrics: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.name !== "Identifier" || node.parent?.name !== "VectorSelector") return;
      metrics.push(expr.slice(from, to));
    },
  });
  return metrics;
}

test.each(
  // The Watchdog reads none.
  rules.filter(({ alert }) => alert !== WATCHDOG).map(({ alert, record, expr }) => [alert ?? record!, expr]),
)("%s reads only published metrics", (_, expr) => {
  const metrics = metricsOf(expr);
  expect(metrics).not.toEqual([]);
  const unknown = metrics.filter(
    (name) => !known.has(name) && !known.has(name.replace(/_(bucket|count|sum)$/, "")),
  );
  expect(unknown).toEqual([]);
});

test("every recorded series is read by a rule or a dashboard", () => {
  const dashboards = generated("grafana/dashboards");
  const text = [
    ...rules.map(({ expr }) => expr),
    ...readdirSync(dashboards).map((file) => readFileSync(join(dashboards, file), "utf8")),
  ].join("\n");
  const unread = rules.flatMap(({ record }) => record ?? []).filter((record) => !text.includes(record));
  expect(unread).toEqual([]);
});

/** A quantile cannot be seen above a histogram's last bucket, nor compared with a threshold that is not a bucket's bound. */
describe("a histogram can distinguish", () => {
  const straddles = (buckets: number[], threshold: number) => {
    expect(buckets).toContain(threshold);
    expect(buckets.some((bound) => bound > threshold)).toBe(true);
  };

  test("the latency that is too high", async () => {
    const { registry, querySeconds } = createMetrics();
    querySeconds.observe({ query_type: "action", outcome: "ok" }, 1);
    const text = await registry.metrics();
    const bounds = [...text.matchAll(/tollgate_agent_query_seconds_bucket\{le="([\d.]+)"/g)];
    straddles(
      bounds.map(([, bound]) => Number(bound)),
      thresholds.latency.seconds,
    );
  });

  test("the reservation that is too slow", () => {
    const python = readFileSync(join(repository, "litellm-config/guard/tollgate_guard/metrics.py"), "utf8");
    const bounds = /_BUCKETS = \(([^)]*)\)/.exec(python)![1]!.split(",").map(Number);
    straddles(bounds, thresholds.guard.reserveSeconds);
  });
});
