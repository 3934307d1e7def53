/**
 * One question through the agent and the gateway, both sending to Tempo itself: one trace, no text in it, and none lost when they
 * stop. `npm run test:servers` runs this where `tempo` is on the PATH or TOLLGATE_TEMPO_BIN names it.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ports } from "../../catalogue";
import { traces } from "../../dashboards/grafana/dashboards/traces";
import type { Running } from "../../local/processes";
import { tempoHere } from "../../local/stack/config-folders";
import { startHarness } from "../app/harness";
import { AGENT_KEY, useGateway } from "../support/gateway";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";
import { eventuallyTrace, type TempoSpan } from "./support/tempo";

const portOffset = BASE - ports.tempo + 100;
const TEMPO_URL = `http://127.0.0.1:${ports.otlp + portOffset}`;
const QUESTION = "What did the secret project cost last week?";
const KEY = "tg_customer_of_this_test";

describeWith("tempo")("a question in Tempo", () => {
  const { folder, remove } = temporaryFolder("traces");
  const gateway = useGateway({ env: { TEMPO_URL } });
  let tempo: Running;

  beforeAll(async () => {
    writeFileSync(join(folder, "tempo.yaml"), tempoHere({ folder: join(folder, "data"), portOffset }));
    tempo = await startServer("tempo", {
      port: ports.tempo + portOffset,
      path: "/ready",
      folder,
      args: [`-config.file=${join(folder, "tempo.yaml")}`],
    });
  }, 120_000);

  afterAll(async () => {
    await tempo?.stop();
    remove();
  }, 60_000);

  it("is one trace through both services, whose last spans arrive though both stop at once", async () => {
    const customer = await gateway.customer("tier_2");
    const harness = await startHarness({
      TEMPO_URL,
      TOLLGATE_GATEWAY_URL: gateway.stack.gateway.url,
      TOLLGATE_AGENT_KEY: AGENT_KEY,
    });
    harness.ledger.add(KEY, { customerId: customer.id, tier: "tier_2" });
    const client = await harness.connect(KEY);
    await client.callTool({ name: "ask", arguments: { question: QUESTION } });
    await harness.stop();
    await gateway.stack.gateway.stop();
    const answered = harness.logs().find(({ event }) => event === "query.answered");

    const spans = await eventuallyTrace(tempo.url, String(answered!.trace_id), (found) =>
      found.some(({ name }) => name === "settle"),
    );
    expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(["agent", "gateway"]));
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const parentOf = ({ parentSpanId }: TempoSpan) => byId.get(parentSpanId ?? "");
    expect(spans.filter((span) => !parentOf(span)).map(({ name }) => name)).toEqual(["ask"]);
    for (const call of spans.filter(({ name }) => name === "POST /v1/chat/completions"))
      expect(parentOf(call)).toMatchObject({ service: "agent", name: expect.stringMatching(/^llm-call /) });
    for (const step of ["reserve", "litellm", "settle"])
      expect(parentOf(spans.find(({ name }) => name === step)!)?.name).toBe("POST /v1/chat/completions");
    const attempt = spans.find(({ attributes }) => attributes["gen_ai.request.model"]);
    expect([parentOf(attempt!)?.name, attempt!.attributes]).toEqual([
      "litellm",
      expect.objectContaining({ "tollgate.ending": "complete", "http.response.status_code": "200" }),
    ]);
    expect(JSON.stringify(spans)).not.toContain("secret project");
  }, 120_000);

  const queries = (traces.panels as { targets?: { query: string }[] }[]).flatMap(({ targets = [] }) =>
    targets.map(({ query }) => query),
  );
  it.each(queries.filter((query) => !query.startsWith("$")))("answers the dashboard's %s", async (query) => {
    const path = query.includes("|") ? "metrics/query_range" : "search";
    const end = Math.floor(Date.now() / 1_000);
    const asked = new URLSearchParams({
      q: query,
      start: String(end - 3_600),
      end: String(end),
      step: "60s",
    });
    const response = await fetch(`${tempo.url}/api/${path}?${asked}`);
    expect([response.status, await response.text()]).toEqual([200, expect.stringMatching(/^\{/)]);
  });
});
