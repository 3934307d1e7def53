/**
 * Loki itself on the rendered configuration: it is accepted, takes lines, knows every query, and loses nothing over a restart.
 * Runs where `loki` is on the PATH or TOLLGATE_LOKI_BIN names it: `npm run test:servers`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ports } from "../../catalogue";
import { interpolateExpr } from "../../local/dashboards/interpolate";
import type { Running } from "../../local/processes";
import { lokiHere } from "../../local/stack/config-folders";
import { queriesOf } from "../dashboards/support/panels";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";

const PORT = BASE + 90;
const LINES = 500;
const NANOS = 1_000_000n;

const { folder, remove } = temporaryFolder("loki");

let running: Running;

describeWith("loki")("Loki on its rendered configuration", () => {
  beforeAll(async () => {
    const config = lokiHere({ folder: join(folder, "data"), portOffset: PORT - ports.loki });
    writeFileSync(join(folder, "loki.yaml"), config);
    running = await start();
  }, 120_000);

  afterAll(async () => {
    await running?.stop();
    remove();
  }, 60_000);

  it.each(queriesOf("loki"))("answers %s", async (_where, expr) => {
    const query = interpolateExpr(expr, { seconds: 3_600 });
    const response = await fetch(`${running.url}/loki/api/v1/query_range?${new URLSearchParams({ query })}`);
    expect([response.status, await response.clone().text()]).toEqual([
      200,
      expect.stringContaining("success"),
    ]);
  });

  it("finds the level of a line of each service that has no level label", async () => {
    const samples: Record<string, [line: string, level: string]> = {
      agent: ['{"level":"error","message":"a question failed"}', "error"],
      alertmanager: ['ts=2026-11-20T11:58:30.000Z level=error msg="notify failed"', "error"],
      postgres: ["2026-11-20 11:57:00.000 UTC [1] ERROR:  no such role", "error"],
      redis: ["12:M 20 Nov 2026 11:56:00.000 # WARNING overcommit_memory is set to 0", "warn"],
    };
    const now = BigInt(Date.now()) * NANOS;
    for (const [service, [line]] of Object.entries(samples)) await push(service, [[String(now), line]]);
    for (const [service, [, level]] of Object.entries(samples))
      expect([service, await count(`{service="${service}"} | detected_level="${level}"`)]).toEqual([
        service,
        1,
      ]);
  });

  it("takes the backlog of an outage, which comes out of order", async () => {
    const now = BigInt(Date.now()) * NANOS;
    const hours = 3_600_000n * NANOS;
    await push("backlog", [[String(now), "the newest"]]);
    await push("backlog", [[String(now - 6n * hours), "six hours older"]]);
    expect(await count('{service="backlog"}')).toBe(2);
  });

  it("keeps every line over a restart", async () => {
    const now = BigInt(Date.now()) * NANOS;
    const lines = Array.from({ length: LINES }, (_, i): [string, string] => [
      String(now + BigInt(i)),
      `line ${i}`,
    ]);
    await push("restarted", lines);
    await running.stop();
    running = await start();
    expect(await count('{service="restarted"}')).toBe(LINES);
  }, 120_000);
});

function start(): Promise<Running> {
  const args = [`-config.file=${join(folder, "loki.yaml")}`, "-config.expand-env=true"];
  return startServer("loki", { port: PORT, path: "/ready", folder, args });
}

async function push(service: string, values: [nanoseconds: string, line: string][]): Promise<void> {
  const response = await fetch(`${running.url}/loki/api/v1/push`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ streams: [{ stream: { service, environment: "test" }, values }] }),
  });
  expect([response.status, await response.text()]).toEqual([204, ""]);
}

/** How many lines a query finds in the last twelve hours. */
async function count(query: string): Promise<number> {
  const parameters = new URLSearchParams({ query, limit: "5000", since: "12h" });
  const response = await fetch(`${running.url}/loki/api/v1/query_range?${parameters}`);
  const { data } = (await response.json()) as { data: { result: { values: unknown[] }[] } };
  return data.result.reduce((sum, { values }) => sum + values.length, 0);
}
