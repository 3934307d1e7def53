/* eslint-disable @typescript-eslint/no-explicit-any */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { grafanaFiles, renderGrafanaFiles } from "../../dashboards/grafana";
import { sources } from "../../dashboards/grafana/datasources";
import { definitions, NANOS_PER_DOLLAR } from "../../litellm-config";
import { allLogQueries } from "../../dashboards/loki/queries";
import { linksOf, logLinks } from "../support/log-links";
import { panels, rendered, type GridPos, type RenderedPanel } from "./support/panels";

const WITH_LEGEND = new Set(["timeseries", "piechart", "statetimeline"]);
const WITHOUT_UNIT = new Set(["logs"]);

describe.each(panels)("%s: %s", (_uid, _title, panel) => {
  it("says what it shows", () => {
    expect(panel.description!.length).toBeGreaterThan(15);
    expect(panel.description).toMatch(/[.]$/);
    expect(panel.targets.length).toBeGreaterThan(0);
  });

  it("has a unit, and a legend where there are series", () => {
    if (!WITHOUT_UNIT.has(panel.type)) expect(panel.fieldConfig!.defaults.unit).toBeTruthy();
    if (!WITH_LEGEND.has(panel.type)) return;
    expect((panel.options as { legend: object }).legend).toMatchObject({ showLegend: true });
    for (const { expr, format, legendFormat } of panel.targets)
      if (expr && format !== "table") expect(legendFormat).toBeTruthy();
  });

  it("asks provisioned data sources only, as the panel says", () => {
    const asked = new Set(panel.targets.map(({ datasource }) => datasource.uid));
    const known = Object.values(sources).map(({ uid }) => uid as string);
    for (const uid of asked) expect(known).toContain(uid);
    expect(panel.datasource.uid).toBe(asked.size === 1 ? [...asked][0] : "-- Mixed --");
  });

  it("shows dollars in dollars, never in nano-dollars", () => {
    const text = JSON.stringify(panel.targets);
    const inDollars = text.includes(String(NANOS_PER_DOLLAR));
    if (inDollars) expect(JSON.stringify(panel.fieldConfig)).toContain("currencyUSD");
    // Shares and comparisons need no division, but then they are not dollars.
    else if (text.includes("nano")) expect(panel.fieldConfig!.defaults.unit).not.toBe("currencyUSD");
  });
});

describe("what says now", () => {
  const now = panels.filter(([, , { type }]) => ["stat", "gauge", "bargauge", "piechart"].includes(type));

  it.each(now)(
    "%s: %s asks for the end of the range, not for the last value that there was",
    (_uid, _title, panel) => {
      for (const { refId, expr, instant } of panel.targets)
        if (expr) expect([refId, instant]).toEqual([refId, true]);
    },
  );

  it.each(now)("%s: %s has a word for no value, or always has one", (_uid, _title, panel) => {
    const always = panel.targets.some(({ expr = "", rawSql }) => rawSql ?? /vector\(/.test(expr));
    const { noValue } = panel.fieldConfig.defaults;
    const isOfRange = panel.targets.every(({ expr = "" }) => /\$__range/.test(expr));
    expect([always || isOfRange || noValue !== undefined]).toEqual([true]);
  });

  it("has its own state for what is not known: a frozen exporter is not green", () => {
    for (const title of ["Budgets enforced", "Ledger"]) {
      const [, , panel] = panels.find(([, name]) => name === title)!;
      const { mappings } = panel.fieldConfig.defaults as {
        mappings?: { options: Record<string, { text: string }> }[];
      };
      expect(mappings![0]!.options["-1"]).toMatchObject({ text: "unknown" });
      expect(panel.targets[0]!.expr).toMatch(/or vector\(-1\)$/);
    }
  });

  it("counts events in whole numbers", () => {
    for (const [uid, title, { targets, fieldConfig }] of now)
      for (const { expr = "" } of targets)
        if (/increase\(/.test(expr) && fieldConfig.defaults.unit === "short")
          expect([uid, title, expr]).toEqual([uid, title, expect.stringMatching(/^round\(/)]);
  });
});

describe("tables", () => {
  const tables = panels.filter(([, , { type }]) => type === "table");

  it.each(tables)("%s: %s prints its text for no rows into no cell", (_uid, _title, panel) => {
    if (panel.fieldConfig.defaults.noValue === undefined) return;
    const overrides = panel.fieldConfig.overrides as {
      matcher?: { id: string; options: string };
      properties: { id: string; value?: unknown }[];
    }[];
    expect(overrides).toContainEqual({
      matcher: { id: "byRegexp", options: "/.*/" },
      properties: [{ id: "noValue", value: "-" }],
    });
  });

  it.each(tables)("%s: %s has headings for people", (_uid, _title, panel) => {
    const text = JSON.stringify(panel);
    for (const { expr } of panel.targets) if (expr) expect(text).toContain("renameByName");
    for (const [, column] of text.matchAll(/AS \\"([^"\\]+)\\"/g)) expect(column).not.toMatch(/_/);
    if (text.includes("Trend #B")) expect(text).toContain('"displayName","value":"Trend"');
  });
});

describe("columns of a fixed width", () => {
  /** Pixels of a text of 14 pixels in DejaVu Sans, the widest font that browsers fall back to, and of its cell's edges. */
  const pixels = (text: string) =>
    13 + 14 * [...text].reduce((sum, letter) => sum + (/[-: ]/.test(letter) ? 0.361 : 0.636), 0);
  const WHOLE = {
    time: pixels("11-28 18:43:28"),
    Session: pixels("00000000-0000-0000-0000-000000000000"),
    Trace: pixels("0".repeat(32)),
  };
  const tables = panels.filter(([, , { type }]) => type === "table");

  type Override = { matcher: { options: string }; properties: { id: string; value?: unknown }[] };
  const set = ({ fieldConfig }: RenderedPanel, id: string) =>
    new Map(
      (fieldConfig.overrides as Override[]).flatMap(({ matcher, properties }) =>
        properties.filter((each) => each.id === id).map(({ value }) => [matcher.options, value]),
      ),
    );

  it("show times, sessions and traces whole", () => {
    for (const [, title, panel] of tables) {
      const units = set(panel, "unit");
      for (const [column, width] of set(panel, "custom.width")) {
        const what = String(units.get(column)).startsWith("time:MM") ? "time" : column;
        const least = WHOLE[what as keyof typeof WHOLE] ?? 0;
        expect([title, column, width as number]).toEqual([title, column, expect.any(Number)]);
        expect(width as number).toBeGreaterThanOrEqual(least);
      }
    }
  });

  it.each(tables)(
    "%s: %s has every column in sight where the page is 1280 pixels wide",
    (_uid, _title, panel) => {
      const width = Math.floor((1_256 / 24) * panel.gridPos.w) - 8 - 18;
      const columns = [...(panel.targets[0]!.rawSql ?? "").matchAll(/AS "([^"]+)"/g)].map(
        ([, name]) => name!,
      );
      const widths = set(panel, "custom.width");
      const needed = columns
        .map((name) => Number(widths.get(name) ?? 85))
        .reduce((sum, each) => sum + each, 0);
      expect(needed).toBeLessThanOrEqual(width);
    },
  );
});

describe("time series", () => {
  it.each(panels.filter(([, , { type }]) => type === "timeseries"))(
    "%s: %s is high enough to be read",
    (_uid, _title, { gridPos, fieldConfig, options }) => {
      const { legend } = options as { legend: { displayMode: string } };
      // A table below it takes half of the panel.
      expect([gridPos.h >= 6, legend.displayMode]).toEqual([true, "list"]);
      const { unit, custom } = fieldConfig.defaults as { unit?: string; custom?: { axisSoftMax?: number } };
      if (unit === "percentunit") expect(custom!.axisSoftMax!).toBeLessThanOrEqual(4);
    },
  );
});

describe("shares of a budget", () => {
  const shares = panels.filter(([, , { targets }]) =>
    targets.some(({ expr = "", rawSql = "" }) =>
      /budget_used_ratio|tier_budget_nanodollars|cap_nanos(, 0\))?::float|session\.budget/.test(
        expr + rawSql,
      ),
    ),
  );

  it("are on several dashboards", () => expect(shares.length).toBeGreaterThanOrEqual(4));

  it.each(shares)("%s: %s changes colour at the thresholds of the definitions", (_uid, _title, panel) => {
    const expected = definitions.thresholds.map(({ percent }) => percent / 100);
    expect(expected).toEqual([0.5, 0.8, 0.95, 1]);
    expect(thresholdsOf(panel)).toContainEqual(expected);
  });
});

describe("what is older than Prometheus keeps", () => {
  const days = (range: string) => Number(/(\d+)d$/.exec(range)?.[1] ?? 0);

  it.each(rendered)("$title takes from the ledger, or does not show", ({ time, panels: all }) => {
    if (days(time!.from!) <= definitions.retention.metrics) return;
    for (const { type, title, targets = [], timeFrom } of all as unknown as RenderedPanel[])
      if (type === "timeseries" || type === "state-timeline")
        expect([title, timeFrom ?? targets.every(({ rawSql }) => rawSql)]).toEqual([title, timeFrom ?? true]);
  });
});

describe.each(rendered)("$title", (dashboard) => {
  const all = dashboard.panels as unknown as RenderedPanel[];

  it("numbers its panels once each", () => {
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(Math.min(...all.map(({ id }) => id!))).toBeGreaterThan(0);
  });

  it("has no panels that overlap or leave the grid", () => {
    for (const { gridPos, title } of all) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      const over = all.filter((other) => other.gridPos !== gridPos && overlap(other.gridPos, gridPos));
      expect([title, over.map((other) => other.title)]).toEqual([title, []]);
    }
  });

  it("fills its lines from edge to edge, without holes", () => {
    for (const y of new Set(all.map(({ gridPos }) => gridPos.y))) {
      const line = all.map(({ gridPos }) => gridPos).filter((at) => at.y === y);
      expect([y, line.reduce((sum, { w }) => sum + w, 0)]).toEqual([y, 24]);
      expect([y, new Set(line.map(({ h }) => h)).size]).toEqual([y, 1]);
    }
  });

  it("has the variables, the marks and the menu of all", () => {
    expect(dashboard.templating?.list?.map(({ name }) => name)).toEqual([
      "environment",
      "tier",
      "customer_id",
      "model",
    ]);
    // Grafana reads a list of values as text, in which a comma ends one and a colon names it.
    for (const { query } of dashboard.templating?.list?.filter(({ type }) => type === "custom") ?? [])
      expect(query).toMatch(/^[\w.-]+(,[\w.-]+)*$/);
    expect(dashboard.annotations?.list?.map(({ name }) => name)).toEqual(["Alerts", "Budget breaches"]);
    expect(dashboard.links).toHaveLength(1);
    expect(dashboard.editable).toBe(false);
    expect(dashboard.timezone).toBe("utc");
  });

  it("leads only to dashboards that exist", () => {
    const uids = rendered.map(({ uid }) => uid);
    for (const [, uid] of JSON.stringify(dashboard).matchAll(/"\/d\/([\w-]+)/g)) expect(uids).toContain(uid);
  });
});

describe("Grafana's files", () => {
  const files = grafanaFiles({ langfuse: "http://langfuse.test", tempo: true });

  it("are the same at every rendering, and what is committed", () => {
    expect(grafanaFiles({ langfuse: "http://langfuse.test", tempo: true })).toEqual(files);
    const committed = join(__dirname, "../../generated");
    for (const [path, text] of Object.entries(renderGrafanaFiles()))
      expect(readFileSync(join(committed, path), "utf8")).toBe(text);
  });

  it("provision every data source, and no secret", () => {
    const provisioned = Object.entries(files)
      .filter(([path]) => path.startsWith("provisioning/datasources/"))
      .flatMap(([, text]) => (parse(text) as { datasources: { uid: string; type: string }[] }).datasources);
    expect(provisioned.map(({ uid, type }) => ({ uid, type }))).toEqual(
      expect.arrayContaining(Object.values(sources)),
    );
    for (const { password } of provisioned.flatMap(
      ({ ...source }) => (source as { secureJsonData?: { password: string } }).secureJsonData ?? [],
    ))
      expect(password).toMatch(/^\$[A-Z_]+$/);
  });

  it("read only environment variables that the catalogue gives Grafana", () => {
    const catalogue = readFileSync(join(__dirname, "../../catalogue/infrastructure.ts"), "utf8");
    for (const [path, text] of Object.entries(files).filter(([path]) => path.includes("datasources")))
      for (const [, name] of text.matchAll(/(?<!\$)\$([A-Z_]+)/g))
        expect([path, catalogue]).toEqual([path, expect.stringContaining(`${name}:`)]);
  });

  it("lead from a log line to its trace and show traces where there is a Tempo, and nowhere else", () => {
    const links = (from: Record<string, string>) =>
      (parse(from["provisioning/datasources/tollgate.yaml"]!) as any).datasources
        .find(({ uid }: { uid: string }) => uid === "loki")
        .jsonData.derivedFields.filter(({ datasourceUid }: { datasourceUid?: string }) => datasourceUid);
    const toTempo = { datasourceUid: "tempo", url: "$${__value.raw}" };
    expect(links(files)).toEqual([expect.objectContaining(toTempo), expect.objectContaining(toTempo)]);
    const without = grafanaFiles({ langfuse: "http://langfuse.test" });
    const ofTempo = ["dashboards/traces.json", "provisioning/datasources/tempo.yaml"];
    expect(Object.keys(files)).toEqual(expect.arrayContaining(ofTempo));
    for (const path of ofTempo) expect(Object.keys(without)).not.toContain(path);
    expect(links(without)).toEqual([]);
  });

  it("lead from a log line to its trace and session, as it was written and as a panel shows it", () => {
    expect(new Set(logLinks.map(({ name }) => name)).size).toBe(logLinks.length);
    const [trace, session] = ["0af7651916cd43dd8448eb211c80319c", "a-session"];
    const links = [
      ["Langfuse trace", trace],
      ["Langfuse session", session],
      ["Way through the services", trace],
    ];
    // JavaScript's JSON, and Python's.
    for (const space of ["", " "])
      expect(linksOf(`{"trace_id":${space}"${trace}","session_id":${space}"${session}"}`)).toEqual(links);
    expect(linksOf("a sentence", { last_trace_id: "x", trace_id: trace, session_id: session })).toEqual(
      links,
    );
    expect(linksOf('{"trace_id": null}', { service: "gateway" })).toEqual([]);
    // A sentence hides the line, so its query must have made labels of the fields before.
    for (const { expr } of allLogQueries)
      if (expr.includes("line_format")) expect(expr).toMatch(/\| json .*\| line_format/);
  });

  it("lead from a customer to its sessions and from a session to its trace", () => {
    const costs = files["dashboards/llm-cost-operations.json"]!;
    expect(costs).toContain("/d/llm-cost-operations?var-customer_id=${__data.fields.customer_id}");
    expect(costs).toContain("http://langfuse.test/project/tollgate/sessions/${__data.fields.Session}");
    expect(costs).toContain("http://langfuse.test/project/tollgate/traces/${__data.fields.Trace}");
  });
});

function overlap(a: GridPos, b: GridPos): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

/** The values at which a panel, or a column of it, changes colour. */
function thresholdsOf({ fieldConfig }: RenderedPanel): number[][] {
  type Config = { steps: { value: number | null }[] };
  const configs = [
    fieldConfig!.defaults.thresholds as Config,
    ...fieldConfig!.overrides.flatMap(({ properties }) =>
      properties.filter(({ id }) => id === "thresholds").map(({ value }) => value as Config),
    ),
  ];
  return configs.map(({ steps }) => steps.flatMap(({ value }) => value ?? []));
}
