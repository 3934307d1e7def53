import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Client } from "pg";
import { alertmanagerFiles, defaultSettings } from "../../dashboards/alertmanager";
import { externalMetrics } from "../../dashboards/metrics/external";
import { localPrometheus, prometheusFiles } from "../../dashboards/prometheus";
import { reportPanels, type PanelReport } from "../../local/dashboards/report";
import { usd } from "../../litellm-config";
import { connectAgent } from "../../local/agent-client";
import { ports } from "../../catalogue";
import type { Running } from "../../local/processes";
import { startService } from "../../local/target";
import { addCustomer } from "../../ops/customers/changes";
import { Customer, startStack, type Stack } from "../support/gateway";

/** Seconds; Prometheus needs four scrapes for a rate over a minute that is worth the name. */
const INTERVAL = 2;

let stack: Stack;
const started: Running[] = [];
let prometheus: Running;
let reports: PanelReport[];

beforeAll(async () => {
  stack = await startStack();
  const { machine } = stack;
  const agent = await startService("agent", machine);
  const exporter = await startService("ledger-exporter", machine);
  machine.folders = {
    ...machine.folders,
    alertmanager: () =>
      write("alertmanager-config", alertmanagerFiles({ ...defaultSettings, secretsFolder: stack.folder })),
    prometheus: () => write("prometheus-config", prometheusFiles(settings)),
  };
  const alertmanager = await startService("alertmanager", machine);
  const at = (port: number) => `127.0.0.1:${port}`;
  const settings = localPrometheus({
    targets: {
      agent: at(machine.port(ports.agentMetrics)),
      gateway: at(stack.gateway.port),
      "ledger-exporter": at(exporter.port),
      prometheus: at(machine.port(ports.prometheus)),
      alertmanager: at(alertmanager.port),
    },
    alertmanager: at(alertmanager.port),
    interval: INTERVAL,
  });
  prometheus = await startService("prometheus", machine);
  started.push(agent, exporter, alertmanager, prometheus);

  // A rate needs two scrapes of a counter: each kind of traffic comes again after the first was scraped.
  await traffic(agent.url);
  await settled();
  await traffic(agent.url);
  await settled();
  reports = await report();
}, 180_000);

afterAll(async () => {
  for (const running of started.reverse()) await running.stop();
  await stack?.stop();
}, 60_000);

test("every panel whose services run here has data", () => {
  const without = reports.filter(({ outcome }) => ["no data", "wrong", "error"].includes(outcome));
  expect(without).toEqual([]);
  expect(reports.filter(({ outcome }) => outcome === "data").length).toBeGreaterThan(60);
});

test("of the panels that may be quiet, only those of what is rare are", () => {
  const quiet = reports.filter(({ outcome }) => outcome === "quiet").map(({ panel }) => panel);
  const alerts = ["Alerts firing", "Firing", "Firing now", "Timeline"];
  const operators = ["Brakes that are on"];
  // They need three days of history.
  const forecasts = ["Budgets that run out this month", "Expected at the month's end"];
  const lines = ["GCP API errors", "Rate limit hits", "Error lines by service"];
  const rare = new Set([...alerts, ...operators, ...forecasts, ...lines]);
  expect(quiet.filter((panel) => !rare.has(panel))).toEqual([]);
});

test("what is not local is named, and nothing else is left out", () => {
  const notes = reports.filter(({ outcome }) => outcome === "not local").map(({ note }) => note);
  expect([...new Set(notes)].sort()).toEqual([
    "ClickHouse",
    "Cloud Run",
    "Google Cloud's APIs",
    "Langfuse web",
    "Langfuse worker",
    "Redis's exporter",
  ]);
});

test("the metrics of the list that are said to be seen here are seen", async () => {
  const response = await fetch(`${prometheus.url}/api/v1/label/__name__/values`);
  const { data } = (await response.json()) as { data: string[] };
  for (const { name, local } of externalMetrics) if (local) expect(data).toContain(name);
});

/** Every kind of thing that a panel shows: questions, a degraded and a blocked customer, a provider that fails, a cache hit. */
async function traffic(agentUrl: string): Promise<void> {
  const admin = new Client(stack.postgres.urls.ledger_admin);
  await admin.connect();
  const id = `shown-${Date.now()}`;
  const { key } = await addCustomer(
    admin,
    {
      customerId: id,
      name: id,
      tier: "tier_2",
      gcpProject: "shop-prod",
    },
    { actor: "test" },
  );
  await admin.end();
  const agent = await connectAgent(agentUrl, key);
  let session: string | undefined;
  for (const question of [
    "How much did we spend?",
    "Why did it go up?",
    "What should we change to save money?",
  ])
    session = (await agent.ask(question, session)).session_id;
  // No provider answers: the call fails at the fallback too.
  await stack.provider.behave(id, { status: 503 });
  await agent.ask(`[[${id}]] And the week before?`, session).catch(() => undefined);
  await block(id);
  await agent.ask("And last month?", session).catch(() => undefined);
  await agent.close();
  await fetch(`${agentUrl}/mcp`, { method: "POST", headers: { authorization: "Bearer nobody" } });

  const nearlyFull = await Customer.create(stack);
  await nearlyFull.call("analysis");
  await nearlyFull.settled();
  await nearlyFull.leaveInMonth(usd("0.2"));
  await nearlyFull.call("analysis");
  await nearlyFull.settled();
  await nearlyFull.leaveInMonth(0);
  await nearlyFull.call("analysis", { metadata: { session_id: "s2" } });

  const unlucky = await Customer.create(stack);
  await unlucky.behave({ status: 503, model: "claude-sonnet-5-5" });
  await unlucky.call("analysis");
  for (let i = 0; i < 2; i++) await unlucky.call("simple", { prompt: "the same question" });
  await unlucky.settled();
}

/** Uses up a customer's month. */
async function block(id: string): Promise<void> {
  await stack.ledger.query(
    "UPDATE ledger.customer_months SET spent_nanos = cap_nanos WHERE customer_id = $1",
    [id],
  );
}

/** Waits until Prometheus has scraped what happened, twice, and evaluated its rules. */
function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, INTERVAL * 3_000));
}

function report(): Promise<PanelReport[]> {
  const logs = dirname(stack.machine.logFile("agent"));
  const servers = { prometheus: prometheus.url, ledger: stack.postgres.urls.ledger_reader, logs };
  return reportPanels(servers, { seconds: 300 });
}

function write(folder: string, files: Record<string, string>): string {
  for (const [path, text] of Object.entries(files)) {
    const file = join(stack.folder, folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return join(stack.folder, folder);
}
