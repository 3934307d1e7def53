import { parser } from "@grafana/lezer-logql";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allLogQueries } from "../../dashboards/loki/queries";
import { interpolateExpr } from "../../local/dashboards/interpolate";
import { catalogue } from "../../catalogue";
import { queriesOf } from "./support/panels";

const inDashboards = queriesOf("loki");
const interfaces = readFileSync(join(__dirname, "../../docs/interfaces.md"), "utf8");

describe("every LogQL query", () => {
  it.each([
    ...inDashboards.map(([where, expr]): [string, string] => [where, expr]),
    ...allLogQueries.map(({ group, title, expr }): [string, string] => [`${group}: ${title}`, expr]),
  ])("%s parses and selects by the collector's labels only", (_where, expr) => {
    const text = interpolateExpr(expr, { seconds: 3_600 });
    expect(errorsOf(text)).toEqual([]);
    for (const [, label] of text.match(/\{[^}]*\}/)![0].matchAll(/(\w+)\s*[=!]/g))
      expect(["service", "level", "environment"]).toContain(label);
    for (const [, service] of text.matchAll(/service="([^"]+)"/g))
      expect(catalogue.map(({ name }) => name)).toContain(service);
  });

  it("does not pass when it is broken", () => {
    expect(errorsOf(`{service="agent"} | json event=`)).not.toEqual([]);
    expect(errorsOf(`{service="agent"`)).not.toEqual([]);
  });
});

describe("the saved queries", () => {
  it("cover each source's key signals", () => {
    const titles = (group: string) =>
      allLogQueries.filter((each) => each.group === group).map(({ title }) => title);
    expect(titles("mcpServer")).toEqual(["Customer queries", "GCP API errors", "Tool runs"]);
    expect(titles("gateway")).toEqual([
      "Rate limit hits",
      "Budget enforcement",
      "Model fallbacks",
      "Provider errors",
    ]);
    expect(titles("langfuse")).toEqual(["Trace processing errors", "Ingestion failures"]);
    expect(titles("application")).toEqual(["Authentication", "Session lifecycle"]);
  });

  it("are each on a dashboard, word for word", () => {
    const shown = inDashboards.map(([, expr]) => expr);
    for (const { expr } of allLogQueries) expect(shown).toContain(expr);
  });

  it("look for events that are logged", () => {
    for (const { expr } of allLogQueries)
      for (const name of expr.match(/event=~"([^"]+)"/)?.[1]?.split("|") ?? [])
        expect(interfaces).toContain(`\`${name.replaceAll("\\\\", "")}\``);
  });
});

function errorsOf(expr: string): string[] {
  const errors: string[] = [];
  parser.parse(expr).iterate({
    enter: ({ type, from, to }) => {
      if (type.isError) errors.push(`at ${from}: ${expr.slice(from, to + 20)}`);
    },
  });
  return errors;
}
