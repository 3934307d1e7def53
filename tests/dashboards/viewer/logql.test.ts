import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { interpolateExpr } from "../../../local/dashboards/interpolate";
import { askLogFiles } from "../../../local/dashboards/sources/log-files";
import { logQueries } from "../../../dashboards/loki/queries";
import { parseLogql } from "../../../local/dashboards/sources/logql";
import { queriesOf } from "../support/panels";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const ANSWERED =
  '{"level":"info","time":"2026-11-20T11:59:00.000Z","event":"query.answered","customer_id":"acme","plan_tier":"tier_2","seconds":1.5}';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "logs-"));
  const files = {
    "agent.log": [
      ANSWERED,
      '{"level":"error","time":"2026-11-20T11:58:00.000Z","event":"gcp.error"}',
      "  at stack",
    ],
    "alertmanager.log": ['ts=2026-11-20T11:58:30.000Z level=error msg="notify failed"'],
    "postgres.log": [
      "2026-11-20 11:57:00.000 UTC [1] FATAL:  no such role",
      "2026-11-20 11:50:00.000 UTC [1] LOG:  up",
    ],
    "redis.log": ["12:M 20 Nov 2026 11:56:00.000 * Ready to accept connections"],
  };
  for (const [name, lines] of Object.entries(files))
    writeFileSync(join(folder, name), `${lines.join("\n")}\n`);
});

afterAll(() => rmSync(folder, { recursive: true }));

const ask = (expr: string, seconds = 3_600) =>
  askLogFiles({ refId: "A", datasource: { uid: "loki", type: "loki" }, expr }, folder, { seconds, end: NOW });
const bodies = (expr: string, seconds?: number) => ask(expr, seconds)[0]?.data.values[1] ?? [];

describe("LogQL over log files", () => {
  it.each(queriesOf("loki"))("knows %s", (_where, expr) => {
    expect(() => parseLogql(interpolateExpr(expr, { seconds: 3_600 }))).not.toThrow();
  });

  it("makes a line for people of an event", () => {
    expect(
      bodies(
        '{service="agent"} | json | event=~"query\\\\.answered" | line_format "{{.customer_id}}{{ if .turns }}, {{.turns}}{{ end }} in {{.seconds}} s"',
      ),
    ).toEqual(["acme in 1.5 s"]);
  });

  it.each([`{{.seconds}} {{ if .x }}`, "$& $", `"quotes" \\ and }`, "a|b.*", "שלום 🦊", "long ".repeat(200)])(
    "shows and selects a field as it is: %j",
    (customer) => {
      const elsewhere = mkdtempSync(join(tmpdir(), "logs-"));
      try {
        const line = { time: "2026-11-20T11:30:00.000Z", event: "e", customer_id: customer, seconds: 1 };
        writeFileSync(join(elsewhere, "agent.log"), `${JSON.stringify(line)}\n`);
        const asked = JSON.stringify(customer);
        const expr = `{service="agent",environment!=${asked}} | json | customer_id=${asked} | line_format "{{.customer_id}}: {{.seconds}}"`;
        const query = { refId: "A", datasource: { uid: "loki", type: "loki" }, expr };
        const [frame] = askLogFiles({ ...query, expr }, elsewhere, { seconds: 3_600, end: NOW });
        expect(frame?.data.values[1]).toEqual([`${customer}: 1`]);
      } finally {
        rmSync(elsewhere, { recursive: true });
      }
    },
  );

  it("shows a line's message, and the line itself where it has none", () => {
    const expr =
      '{service=~"postgres|agent"} | json | line_format "{{ if .message }}{{.message}}{{ else }}{{ __line__ }}{{ end }}"';
    const raw = bodies('{service=~"postgres|agent"}') as string[];
    const texts = raw.map((line) =>
      line.startsWith("{") ? ((JSON.parse(line) as { message?: string }).message ?? line) : line,
    );
    expect(bodies(expr)).toEqual(texts);
    expect(texts).toContain(raw.find((line) => !line.startsWith("{")));
  });

  it.each([
    [{ cost: "$0.00123", cost_nanos: 1_230_000 }, "LLM calls: 2 for $0.00123, claude-haiku-5-5"],
    [{ cost: null, cost_nanos: null }, "LLM calls: 2, claude-haiku-5-5"],
  ])("shows what an answered question cost where that is known: %j", (cost, end) => {
    const line = {
      time: "2026-11-20T11:30:00.000Z",
      event: "query.answered",
      customer_id: "globex",
      plan_tier: "tier_1",
      query_type: "simple_lookup",
      outcome: "ok",
      seconds: 0.8,
      llm_calls: 2,
      model_used: "claude-haiku-5-5",
      ...cost,
    };
    const elsewhere = mkdtempSync(join(tmpdir(), "logs-"));
    try {
      writeFileSync(join(elsewhere, "agent.log"), `${JSON.stringify(line)}\n`);
      const { expr } = logQueries.mcpServer.customerQueries;
      const query = { refId: "A", datasource: { uid: "loki", type: "loki" }, expr };
      const [frame] = askLogFiles(query, elsewhere, { seconds: 3_600, end: NOW });
      expect(frame?.data.values[1]).toEqual([`globex (tier_1) simple_lookup: ok in 0.8 s, ${end}`]);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });

  it("finds levels in JSON, logfmt and text, newest first; a line without a time belongs to the one above", () => {
    expect(bodies('{environment=~".+"} | detected_level=~"error|fatal"')).toEqual([
      'ts=2026-11-20T11:58:30.000Z level=error msg="notify failed"',
      '{"level":"error","time":"2026-11-20T11:58:00.000Z","event":"gcp.error"}',
      "2026-11-20 11:57:00.000 UTC [1] FATAL:  no such role",
    ]);
    expect(bodies('{service="agent"}')[1]).toContain("gcp.error");
    expect(bodies('{service="agent"}')[2]).toBe("  at stack");
  });

  it("takes lines of the time range only", () => {
    expect(bodies('{service="postgres"}', 300)).toHaveLength(1);
    expect(bodies('{service="redis"}', 600)).toHaveLength(1);
    expect(bodies('{service="redis"}', 60)).toHaveLength(0);
  });

  it("filters lines", () => {
    expect(bodies('{service=~"agent|redis"} |= "Ready"')).toHaveLength(1);
    expect(bodies('{service=~"agent|redis"} !~ "(?i)READY|stack"')).toHaveLength(2);
    expect(bodies('{service!="agent"}')).toHaveLength(4);
  });

  it("counts lines a second by a label", () => {
    const frames = ask('sum by (service) (rate({environment=~".+"} | detected_level=~"error|fatal" [300s]))');
    const last = frames.map(({ schema, data }) => [
      schema.fields[1]!.labels!.service,
      data.values[1]!.at(-1),
    ]);
    expect(last).toEqual([
      ["agent", 1 / 300],
      ["alertmanager", 1 / 300],
      ["postgres", 1 / 300],
    ]);
  });

  it.each([
    ['service="agent"', "must start with a selector"],
    ['{service="agent"} | unwrap x', "not known here"],
    ['{service="agent"} | line_format "{{ .x | upper }}"', "not known here"],
    ["{service=agent}", "expected a matcher"],
  ])("refuses %s", (expr, message) => {
    expect(() => parseLogql(expr)).toThrow(message);
  });
});
