import { forDebian } from "./support/alertmanager";
import { temporaryFolder, tool } from "./support/promtool";
import { renderedAlerts } from "./support/rendered";

const BY_SEVERITY: Record<string, string> = {
  critical: "slack-and-pagerduty",
  warning: "slack",
  info: "log",
};
const EXCEPTIONS: Record<string, string> = { CustomerBudget80: "slack-and-email", Watchdog: "heartbeat" };

/** Severity and receiver of the ten alerts that the product asks for by name. */
const REQUIRED: Record<string, [severity: string, receiver: string]> = {
  CostSpike: ["critical", "slack-and-pagerduty"],
  CustomerBudget80: ["warning", "slack-and-email"],
  CustomerBudget100: ["info", "log"],
  HighLatency: ["warning", "slack"],
  ErrorSpike: ["critical", "slack-and-pagerduty"],
  ProviderDown: ["critical", "slack-and-pagerduty"],
  RunawaySession: ["warning", "slack"],
  ColdStartSurge: ["warning", "slack"],
  DatabaseSaturation: ["warning", "slack"],
  DiskPressure: ["warning", "slack"],
};

const alerts = renderedAlerts().map(({ alert, labels }) => ({ alertname: alert, ...labels }) as Labels);
type Labels = Record<string, string> & { alertname: string; severity: string };

/** As committed, but for the file of the heartbeat's URL, which Debian's amtool does not know. */
const config = temporaryFolder({ "alertmanager.yml": forDebian() }) + "/alertmanager.yml";

async function receiverOf(labels: Record<string, string>): Promise<string> {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const { output } = await tool("amtool", ["config", "routes", "test", `--config.file=${config}`, ...pairs]);
  return output.split("\n")[0]!;
}

test.each(alerts.map((labels) => [`${labels.alertname} (${labels.severity})`, labels] as const))(
  "%s goes to its receiver",
  async (_, labels) => {
    const receiver = EXCEPTIONS[labels.alertname] ?? BY_SEVERITY[labels.severity];
    expect(await receiverOf(labels)).toBe(receiver);
  },
);

test.each(Object.entries(REQUIRED))(
  "%s has the severity and the way that were asked for",
  async (name, required) => {
    const [severity, receiver] = required;
    const found = alerts.filter(({ alertname }) => alertname === name);
    expect(found.map((each) => each.severity)).toEqual([severity]);
    expect(await receiverOf(found[0]!)).toBe(receiver);
  },
);

test("an alert of unknown severity is not lost", async () => {
  expect(await receiverOf({ alertname: "Unheard", severity: "odd" })).toBe("slack");
});
