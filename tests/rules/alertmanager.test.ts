import { readdirSync } from "node:fs";
import { join } from "node:path";
import { alertmanagerFiles, defaultSettings } from "../../dashboards/alertmanager";
import type { Running } from "../../local/processes";
import { startService, type Machine } from "../../local/target";
import { testMachine } from "../support/machine";
import { startNotificationReceiver, type NotificationReceiver } from "../support/notification-receiver";
import { temporaryFolder } from "./support/promtool";
import { renderedAlerts } from "./support/rendered";

let receiver: NotificationReceiver;
let alertmanager: Running;
let machine: Machine;

beforeAll(async () => {
  receiver = await startNotificationReceiver();
  const folder = temporaryFolder({
    "secrets/slack/webhook-url": `${receiver.url}/slack`,
    "secrets/pagerduty/routing-key": "a-routing-key",
    "secrets/smtp/password": "unused",
  });
  const files = alertmanagerFiles({
    ...defaultSettings,
    secretsFolder: join(folder, "secrets"),
    pagerdutyUrl: `${receiver.url}/pagerduty`,
    heartbeat: { url: `${receiver.url}/heartbeat` },
    groupWait: "300ms",
    groupInterval: "1s",
  });
  const config = temporaryFolder(files);
  machine = { ...(await testMachine(folder)), folders: { alertmanager: () => config } };
  alertmanager = await startService("alertmanager", machine);
});

afterAll(async () => {
  await alertmanager?.stop();
  await receiver?.close();
});

type Labels = Record<string, string>;

/** An alert with the labels that its rule gives it; for a name with two rules, the one of that severity. */
function alert(name: string, labels: Labels = {}): Labels {
  const rule = renderedAlerts().find(
    (each) => each.alert === name && (!labels.severity || each.labels.severity === labels.severity),
  )!;
  return { alertname: name, ...rule.labels, ...labels };
}

async function post(
  alerts: Labels[],
  options: { annotations?: Labels | ((labels: Labels) => Labels); resolved?: boolean } = {},
): Promise<void> {
  const now = Date.now();
  const { annotations = {} } = options;
  const body = alerts.map((labels) => ({
    labels,
    annotations: typeof annotations === "function" ? annotations(labels) : annotations,
    startsAt: new Date(now - 60_000).toISOString(),
    endsAt: new Date(now + (options.resolved ? -1_000 : 600_000)).toISOString(),
  }));
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
}

/** Alertmanager takes an alert in before it has looked at what silences it: milliseconds later, unless the machine is busy. */
const SILENCED_WITHIN_MS = 1_500;

/** Whether Alertmanager silences the target while the source fires. Both are resolved after. */
async function silences(source: Labels, target: Labels): Promise<boolean> {
  await post([source, target]);
  const deadline = Date.now() + SILENCED_WITHIN_MS;
  let silenced = false;
  while (!silenced && Date.now() < deadline) {
    silenced = (await statusOf(target)).inhibitedBy.length > 0;
    if (!silenced) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await post([source, target], { resolved: true });
  return silenced;
}

async function statusOf(target: Labels): Promise<{ inhibitedBy: string[] }> {
  const response = await fetch(`${alertmanager.url}/api/v2/alerts`);
  const alerts = (await response.json()) as { labels: Labels; status: { inhibitedBy: string[] } }[];
  const found = alerts.find(
    ({ labels }) => JSON.stringify(sorted(labels)) === JSON.stringify(sorted(target)),
  );
  expect(found).toBeDefined();
  return found!.status;
}

const sorted = (labels: Labels) => Object.entries(labels).sort();

const gateway = { service: "gateway" };
const agent = { service: "agent" };

test("the Watchdog reaches the heartbeat, nothing else does, and no one else hears of it", async () => {
  await post([alert("Watchdog"), alert("GuardSlow"), alert("CustomerBudget100", { customer_id: "quiet" })]);
  await receiver.slackMessage("GuardSlow", 10_000);
  expect(receiver.heartbeats).toEqual([["Watchdog"]]);
  expect(JSON.stringify([receiver.slack, receiver.pagerduty])).not.toContain("Watchdog");
  await post([alert("Watchdog"), alert("GuardSlow")], { resolved: true });
});

describe("messages", () => {
  const annotations = {
    summary: "anthropic fails 100% of calls",
    description: "Verify that the fallback is active.",
    runbook_url: "https://runbooks.example.com/ProviderDown.md",
    dashboard_url: "https://grafana.example.com/d/alerts-incidents",
  };
  const labels = alert("ProviderDown", { provider: "anthropic", environment: "prod" });

  test("a critical alert reaches Slack and PagerDuty once, and both hear when it is over", async () => {
    await post([labels], { annotations });
    const message = await receiver.slackMessage("🔴 ProviderDown", 10_000);
    expect(message).toMatchObject({
      title: "🔴 ProviderDown - anthropic fails 100% of calls",
      title_link: annotations.dashboard_url,
      text: "Verify that the fallback is active.",
      color: "danger",
      footer: "gateway · platform · prod",
      actions: [
        { text: "Runbook", url: annotations.runbook_url },
        { text: "Dashboard", url: annotations.dashboard_url },
      ],
    });
    await post([labels], { annotations, resolved: true });
    const resolved = await receiver.slackMessage("✅ Resolved: ProviderDown", 10_000);
    expect(resolved.color).toBe("good");

    const mine = receiver.slack.filter(({ attachments }) =>
      attachments[0]!.title.includes("anthropic fails"),
    );
    expect(mine).toHaveLength(2);
    const events = receiver.pagerduty.filter(({ payload }) => payload?.class === "ProviderDown");
    expect(events.map(({ event_action }) => event_action)).toEqual(["trigger", "resolve"]);
    expect(events[0]).toMatchObject({
      routing_key: "a-routing-key",
      payload: { severity: "critical", component: "gateway", summary: message.title },
      links: [{ text: "Runbook", href: annotations.runbook_url }],
    });
  });

  test("a runaway session's message links its trace, and two sessions make two messages", async () => {
    const of = (session: string) => alert("RunawaySession", { customer_id: "acme", session_id: session });
    const links = (session: string) => ({
      ...annotations,
      summary: `Session ${session}`,
      langfuse_session_url: `https://langfuse.example.com/sessions/${session}`,
      langfuse_trace_url: `https://langfuse.example.com/traces/${session}`,
    });
    await post([of("s-1")], { annotations: links("s-1") });
    await post([of("s-2")], { annotations: links("s-2") });
    const message = await receiver.slackMessage("🟠 RunawaySession - Session s-1", 10_000);
    expect(message.text).toBe(
      "Verify that the fallback is active.\n" +
        "<https://langfuse.example.com/sessions/s-1|Session in Langfuse> · " +
        "<https://langfuse.example.com/traces/s-1|Trace in Langfuse>",
    );
    await receiver.slackMessage("🟠 RunawaySession - Session s-2", 10_000);
  });

  test("alerts of one cause come in one message, each with its summary", async () => {
    const of = (model: string) => alert("SpendMismatch", { model });
    // In one request: two could reach it further apart than it waits for a group.
    await post([of("a"), of("b")], {
      annotations: ({ model }) => ({ ...annotations, summary: `Model ${model}` }),
    });
    const message = await receiver.slackMessage("🟠 SpendMismatch (2 firing, 0 resolved)", 10_000);
    expect(message.text).toBe(
      "*Model a*\nVerify that the fallback is active.\n\n*Model b*\nVerify that the fallback is active.",
    );
  });

  test("a budget at 80 % goes to Slack and to operations' mail; one at 100 % to no receiver", async () => {
    const info = alert("CustomerBudget100", { customer_id: "acme", tier: "tier_1" });
    await post([info], { annotations: { ...annotations, summary: "acme at the cap" } });
    const warning = alert("CustomerBudget80", { customer_id: "acme", tier: "tier_1" });
    await post([warning], { annotations: { ...annotations, summary: "acme at 81%" } });
    await receiver.slackMessage("🟠 CustomerBudget80 - acme at 81%", 10_000);
    // Slack and the mail are notified at the same time, so either may be first.
    await eventually(async () =>
      expect(await metric(`alertmanager_notifications_total{integration="email"}`)).toBeGreaterThan(0),
    );
    expect(JSON.stringify(receiver.slack)).not.toContain("acme at the cap");
  });
});

describe("the real Alertmanager silences", () => {
  test.each<[string, Labels, Labels]>([
    ["the error spike that a provider causes", alert("ProviderDown"), alert("ErrorSpike", gateway)],
    ["the agent's error spike too", alert("ProviderDown"), alert("ErrorSpike", agent)],
    ["the burn rate that a provider causes", alert("ProviderDown"), alert("ErrorBudgetBurn")],
    ["the latency that a provider causes", alert("ProviderDown"), alert("HighLatency")],
    ["the refusals while the ledger is away", alert("LedgerUnreachable"), alert("GatewayFailsClosed")],
    ["the writes while the ledger is away", alert("LedgerUnreachable"), alert("LedgerWritesFailing")],
    ["the slow guard while the ledger is away", alert("LedgerUnreachable"), alert("GuardSlow")],
    ["the error spike while the ledger is away", alert("LedgerUnreachable"), alert("ErrorSpike", agent)],
    ["the error spike of refused calls", alert("GatewayFailsClosed"), alert("ErrorSpike", agent)],
    ["what a dead gateway causes", alert("TargetDown", gateway), alert("ErrorSpike", agent)],
    ["what a missing gateway causes", alert("TargetMissing", gateway), alert("ErrorBudgetBurn")],
    ["a provider's alert of a dead gateway", alert("TargetDown", gateway), alert("ProviderDown")],
    [
      "the queue while ClickHouse is down",
      alert("TargetDown", { severity: "warning", service: "clickhouse" }),
      alert("LangfuseQueueBacklog"),
    ],
    ["the missing of what is known to be down", alert("TargetDown", agent), alert("TargetMissing", agent)],
    ["the burn rate of a spike", alert("ErrorSpike", agent), alert("ErrorBudgetBurn")],
    [
      "the warning of an alert that is critical",
      alert("ErrorBudgetBurn", { severity: "critical" }),
      alert("ErrorBudgetBurn", { severity: "warning", window: "3d" }),
    ],
  ])("%s", async (_, source, target) => {
    expect(await silences(source, target)).toBe(true);
  });
});

describe("the real Alertmanager does not silence", () => {
  test.each<[string, Labels, Labels]>([
    ["a fallback that fails while a provider is down", alert("ProviderDown"), alert("FallbackFailing")],
    ["a cost spike while a provider is down", alert("ProviderDown"), alert("CostSpike")],
    ["a budget while a provider is down", alert("ProviderDown"), alert("CustomerBudget80")],
    [
      "an error spike while another service is down",
      alert("TargetDown", agent),
      alert("ErrorSpike", gateway),
    ],
    ["another service that is missing", alert("TargetDown", agent), alert("TargetMissing", gateway)],
    ["a warning because of another critical alert", alert("CostSpike"), alert("SpendMismatch")],
    [
      "the burn rate of the agent for a spike of the gateway",
      alert("ErrorSpike", gateway),
      alert("ErrorBudgetBurn"),
    ],
    ["the ledger because calls are refused", alert("GatewayFailsClosed"), alert("LedgerUnreachable")],
  ])("%s", async (_, source, target) => {
    expect(await silences(source, target)).toBe(false);
  });
});

/** Tries an assertion until it holds, for ten seconds at most. */
async function eventually(assertion: () => Promise<void>): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function metric(series: string): Promise<number> {
  const text = await (await fetch(`${alertmanager.url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(series));
  return Number(line?.split(" ").at(-1));
}

describe("a new instance on the same storage", () => {
  const storage = () => join(machine.data, "alertmanager");

  test("keeps silences, and does not notify again, from two files that are written whole", async () => {
    const told = alert("DiskPressure", { service: "clickhouse", instance: "kept" });
    await post([told], { annotations: { summary: "told before" } });
    await receiver.slackMessage("told before", 10_000);
    const created = await fetch(`${alertmanager.url}/api/v2/silences`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        matchers: [{ name: "alertname", value: "CostSpike", isRegex: false, isEqual: true }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: "operator",
        comment: "known",
      }),
    });
    expect(created.status).toBe(200);
    const { silenceID } = (await created.json()) as { silenceID: string };

    await alertmanager.stop();
    // A mounted bucket takes whole files under new names, and no appends or locks: nothing else may be left there.
    expect(readdirSync(storage()).sort()).toEqual(["nflog", "silences"]);
    alertmanager = await startService("alertmanager", machine);

    const silences = await (await fetch(`${alertmanager.url}/api/v2/silences`)).json();
    expect(silences).toEqual([expect.objectContaining({ id: silenceID, comment: "known" })]);
    const before = receiver.slack.length;
    await post([told, alert("GuardSlow", { instance: "after" })], { annotations: { summary: "told again" } });
    await receiver.slackMessage("🟠 GuardSlow - told again", 10_000);
    const since = receiver.slack.slice(before).flatMap(({ attachments }) => attachments);
    expect(since.filter(({ title }) => title.includes("DiskPressure"))).toEqual([]);
  });
});
