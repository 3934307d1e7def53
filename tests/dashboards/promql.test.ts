import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parser } from "@prometheus-io/lezer-promql";
import { stringify } from "yaml";
import { composePrometheus, prometheusFiles } from "../../dashboards/prometheus";
import { definitions } from "../../litellm-config";
import { litellmConfig } from "../../litellm-config/render";
import { interpolateExpr } from "../../local/dashboards/interpolate";
import { externalMetrics } from "../../dashboards/metrics/external";
import { requireTool } from "../../local/processes/debian-tool";
import { queriesOf } from "./support/panels";

const queries = queriesOf("prometheus").map(([where, expr]): [string, string] => [
  where,
  interpolateExpr(expr, { seconds: 3_600 }),
]);

/** The names in docs/interfaces.md, the names that rules record, and other servers' names. */
const known = new Set([
  ...readFileSync(join(__dirname, "../../docs/interfaces.md"), "utf8").match(/(tollgate|pg)_[a-z_]+/g)!,
  ...Object.values(prometheusFiles(composePrometheus())).flatMap(
    (text) => text.match(/(?<=record: )\S+/g) ?? [],
  ),
  ...externalMetrics.map(({ name }) => name),
]);

describe("every PromQL query", () => {
  it.each(queries)("%s parses and names only metrics that exist", (_where, expr) => {
    const { errors, metrics } = read(expr);
    expect(errors).toEqual([]);
    expect(metrics.length).toBeGreaterThan(0);
    for (const metric of metrics) expect([...known]).toContain(metric);
  });

  it("is understood by Prometheus 2.42 too", () => {
    const file = join(mkdtempSync(join(tmpdir(), "tollgate-promql-")), "rules.yml");
    const rules = queries.map(([, expr], i) => ({ record: `query_${i}`, expr }));
    writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
    const answer = execFileSync(requireTool("promtool"), ["check", "rules", file], { encoding: "utf8" });
    expect(answer).toContain(`SUCCESS: ${queries.length} rules found`);
  });

  it("does not pass when it is broken", () => {
    expect(read("sum(rate(up[5m])").errors).not.toEqual([]);
    expect(read("sum(nobody_has_this)").metrics).toEqual(["nobody_has_this"]);
    expect(known.has("nobody_has_this")).toBe(false);
  });
});

describe("values with odd characters", () => {
  const ODD = [
    `O'Brien & "Sons"`,
    "back\\slash\\d \\",
    "two\nlines\tand a tab",
    "שלום 🦊 Füchse\u200d",
    "$__range $tier ${tier:sqlstring} $1 $&",
    `{a="b"} or vector(1) #`,
    "a.b|c(*)+[^d]?",
    ".*",
    "",
    "long ".repeat(200),
  ];

  it("are chosen exactly where a query has the variable", () => {
    const rules = ODD.map((tier, i) => ({
      record: `chosen_${i}`,
      expr: interpolateExpr(`sum(price{tier=~"$tier"})`, { seconds: 60, chosen: { tier: [tier] } }),
    }));
    const folder = mkdtempSync(join(tmpdir(), "tollgate-promql-"));
    writeFileSync(join(folder, "rules.yml"), stringify({ groups: [{ name: "odd", rules }] }));
    const tests = [
      {
        input_series: [...ODD, "else"].map((tier, i) => ({
          series: `price{tier=${JSON.stringify(tier)}}`,
          values: String(2 ** i),
        })),
        promql_expr_test: ODD.map((_, i) => ({
          expr: `chosen_${i}`,
          eval_time: "0m",
          exp_samples: [{ labels: `chosen_${i}`, value: 2 ** i }],
        })),
      },
    ];
    writeFileSync(join(folder, "test.yml"), stringify({ rule_files: ["rules.yml"], tests }));
    const answer = execFileSync(requireTool("promtool"), ["test", "rules", join(folder, "test.yml")], {
      encoding: "utf8",
    });
    expect(answer).toContain("SUCCESS");
  });

  it("leave every query whole", () => {
    for (const [where, expr] of queriesOf("prometheus"))
      expect([where, read(interpolateExpr(expr, { seconds: 60, chosen: { tier: ODD } })).errors]).toEqual([
        where,
        [],
      ]);
  });
});

describe("the list of other servers' metrics", () => {
  it("names each once, with where it is documented", () => {
    expect(new Set(externalMetrics.map(({ name }) => name)).size).toBe(externalMetrics.length);
    for (const { source } of externalMetrics) expect(source).toMatch(/^https:/);
  });

  it("names of LiteLLM's only those that the gateway's configuration has it publish", () => {
    const { litellm_settings } = litellmConfig(definitions, { target: "providers" });
    const published = litellm_settings.prometheus_metrics_config.flatMap(({ metrics }) => metrics);
    const read = externalMetrics.filter(({ server }) => server === "LiteLLM");
    expect(published).toEqual(expect.arrayContaining(read.map(({ name }) => name.replace(/_total$/, ""))));
  });

  it("has no name that nothing reads", () => {
    const rules = Object.values(prometheusFiles(composePrometheus())).join("\n");
    const text = rules + queries.map(([, expr]) => expr).join("\n");
    for (const { name } of externalMetrics) expect(text).toContain(name);
  });
});

/** Syntax errors, and the metrics named, without the suffixes of a histogram's series. */
function read(expr: string): { errors: string[]; metrics: string[] } {
  const errors: string[] = [];
  const metrics: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to, node }) => {
      if (type.isError) errors.push(`at ${from}: ${expr.slice(from, to + 20)}`);
      if (type.name !== "Identifier" || node.parent?.name !== "VectorSelector") return;
      const name = expr.slice(from, to);
      const base = name.replace(/_(bucket|sum|count)$/, "");
      metrics.push(known.has(base) ? base : name);
    },
  });
  return { errors, metrics };
}
