/**
 * From traffic to the message: the real gateway, ledger, exporter, Prometheus and Alertmanager, up to a receiver that answers
 * as Slack's webhook does. What is shortened for the test is said at `startMonitoring`.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { usd } from "../../litellm-config";
import { eventually, useGateway } from "../support/gateway";
import { startMonitoring, type Monitoring } from "../support/monitoring";

const gateway = useGateway({});
let monitoring: Monitoring;

beforeAll(async () => {
  monitoring = await startMonitoring(gateway.stack);
}, 90_000);
afterAll(() => monitoring?.stop(), 30_000);

const PRO = "gemini-3.1-pro-preview";
const SECONDS = 30_000;

/** Titles of the Slack messages that hold a text. */
const titles = (text: string) =>
  monitoring.receiver.slack
    .flatMap(({ attachments }) => attachments.map(({ title }) => title))
    .filter((title) => title.includes(text));

/** Alerts that called PagerDuty. */
const pages = () => monitoring.receiver.pagerduty.map(({ payload }) => payload.class);

/** Five rounds of Alertmanager's groups: what would be sent again has been. */
const forRepeats = () => sleep(5_000);

test("a customer whose calls pass 80 % of the budget: one message to Slack", async () => {
  const customer = await gateway.customer("tier_1");
  await customer.leaveInMonth(usd("1.61"));
  await customer.behave({ outputTokens: 2_000 });
  const { status } = await customer.call(PRO, { body: { max_tokens: 2_000 } });
  expect(status).toBe(200);

  const message = await monitoring.receiver.slackMessage(customer.id, SECONDS);
  expect(message.title).toMatch(
    new RegExp(`^🟠 CustomerBudget80 - ${customer.id} has used 80\\.\\d+% of the month's LLM budget$`),
  );
  expect(message.text).toContain("The customer is on tier_1.");
  expect(message.actions.map(({ text }) => text)).toEqual(["Runbook", "Dashboard"]);
  await forRepeats();
  expect(titles(customer.id)).toHaveLength(1);
  expect(pages()).not.toContain("CustomerBudget80");
});

test("a customer who hits the cap: degraded, then refused, and logged without a message about it", async () => {
  const customer = await gateway.customer("tier_1");
  await customer.leaveInMonth(usd("0.20"));
  const degraded = await customer.call("analysis", { body: { max_tokens: 100 } });
  expect(degraded.headers.get("x-tollgate-decision")).toBe("degraded");
  await customer.settled();
  await customer.leaveInMonth(usd("0.0000001"));
  const refused = await customer.call("analysis", { body: { max_tokens: 100 } });
  expect(refused.status).toBe(402);

  const alert = await eventually(
    "the alert of the hard cap",
    async () =>
      (await monitoring.alerts()).find(
        ({ labels }) => labels.alertname === "CustomerBudget100" && labels.customer_id === customer.id,
      ),
    30,
  );
  expect(alert.labels.severity).toBe("info");
  expect(alert.receivers).toEqual([{ name: "log" }]);
  expect(alert.annotations.description).toContain("Verify that the degradation was active from 95 %");
  await monitoring.receiver.slackMessage(customer.id, SECONDS);
  await forRepeats();
  expect(titles(customer.id)).toEqual([expect.stringContaining("CustomerBudget80")]);
});

test("a runaway session: one message, with the link to its trace", async () => {
  const customer = await gateway.customer("tier_3");
  await customer.leaveInSession(usd("0.21"));
  await customer.behave({ outputTokens: 2_000 });
  const trace = "0af7651916cd43dd8448eb211c80319c";
  const call = { body: { max_tokens: 2_000 }, metadata: { trace_id: trace } };
  expect((await customer.call(PRO, call)).status).toBe(200);

  const message = await monitoring.receiver.slackMessage(customer.id, SECONDS);
  expect(message.title).toBe(`🟠 RunawaySession - A session of ${customer.id} has cost over $0.30`);
  expect(message.text).toContain(`/project/tollgate/traces/${trace}|Trace in Langfuse>`);
  expect(message.text).toContain(`/project/tollgate/sessions/${customer.sessionId}|Session in Langfuse>`);

  // Another trace of the same session is the same alert.
  const next = { ...call, metadata: { trace_id: "1af7651916cd43dd8448eb211c80319c" } };
  expect((await customer.call(PRO, next)).status).toBe(200);
  await forRepeats();
  expect(titles(customer.id)).toHaveLength(1);
});

test("a provider that fails: Slack and PagerDuty once, while the fallback answers", async () => {
  const customer = await gateway.customer("tier_3");
  await customer.behave({ model: "claude-sonnet-5-5", status: 503 });
  for (let i = 0; i < 12; i++) {
    const { status, headers } = await customer.call("analysis", { body: { max_tokens: 20 } });
    expect(status).toBe(200);
    expect(headers.get("x-tollgate-model")).toBe(PRO);
    await sleep(300);
  }

  const message = await monitoring.receiver.slackMessage("ProviderDown", SECONDS);
  expect(message.title).toMatch(/^🔴 ProviderDown - anthropic fails \d+(\.\d+)?% of calls$/);
  expect(message.text).toContain("Verify that the fallback is active");
  await forRepeats();
  expect(titles("ProviderDown")).toHaveLength(1);
  expect(pages().filter((name) => name === "ProviderDown")).toHaveLength(1);
  expect(titles("FallbackFailing").concat(titles("ErrorSpike"))).toEqual([]);
});

test("the e-mail of the 80 %, to a mail server that does not exist: that it failed is an alert by the other ways", async () => {
  const message = await monitoring.receiver.slackMessage("NotificationsFailing", SECONDS);
  expect(message.title).toBe("🔴 NotificationsFailing - Alertmanager cannot notify through email");
  await eventually("the page", async () => pages().includes("NotificationsFailing"));
});

test("no target was missing and no rule failed on the way", async () => {
  const names = (await monitoring.alerts()).map(({ labels }) => labels.alertname);
  expect(names).not.toContain("TargetDown");
  expect(names).not.toContain("TargetMissing");
  const rules = (await (await fetch(`${monitoring.prometheus.url}/api/v1/rules`)).json()) as {
    data: { groups: { rules: { name: string; health: string }[] }[] };
  };
  const sick = rules.data.groups.flatMap(({ rules }) => rules).filter(({ health }) => health !== "ok");
  expect(sick).toEqual([]);
});
