import { parse } from "yaml";
import {
  alertmanagerFiles,
  defaultSettings,
  HEARTBEAT_FILE,
  type Integration,
} from "../../dashboards/alertmanager";
import {
  composePrometheus,
  googlePrometheus,
  localPrometheus,
  prometheusFiles,
} from "../../dashboards/prometheus";
import { catalogue } from "../../catalogue";
import { forDebian } from "./support/alertmanager";
import { generated, temporaryFolder, tool } from "./support/promtool";

interface Config {
  global: { external_labels: Record<string, string> };
  scrape_configs: {
    job_name: string;
    static_configs?: { targets: string[] }[];
    dns_sd_configs?: unknown[];
  }[];
}

const google = googlePrometheus({
  environment: "prod",
  targets: { clickhouse: "clickhouse.internal:9363" },
  alertmanager: "alertmanager.example.com:443",
  links: { grafana: "https://grafana.example.com", langfuse: "https://langfuse.example.com" },
});
const local = localPrometheus({
  targets: { gateway: "127.0.0.1:4000", "ledger-exporter": "127.0.0.1:9187" },
  alertmanager: "127.0.0.1:9093",
  interval: 1,
  holdFor: "1s",
});

const configOf = (files: Record<string, string>) => parse(files["prometheus.yml"]!) as Config;

describe("promtool accepts the configuration and its rules", () => {
  test("of Compose, as committed", async () => {
    const { ok, output } = await tool("promtool", [
      "check",
      "config",
      generated("prometheus/prometheus.yml"),
    ]);
    expect(ok ? "" : output).toBe("");
  });

  test("of this machine", async () => {
    const folder = temporaryFolder(prometheusFiles(local));
    const { ok, output } = await tool("promtool", ["check", "config", `${folder}/prometheus.yml`]);
    expect(ok ? "" : output).toBe("");
  });

  test("of Google Cloud", async () => {
    const folder = temporaryFolder(prometheusFiles(google));
    const { ok, output } = await tool("promtool", ["check", "config", `${folder}/prometheus.yml`]);
    expect(ok ? "" : output).toBe("");
  });

  test("and says so when a rule is broken", async () => {
    const folder = temporaryFolder({
      "rules.yml": "groups: [{name: x, rules: [{record: a, expr: 'sum('}]}]",
    });
    expect((await tool("promtool", ["check", "rules", `${folder}/rules.yml`])).ok).toBe(false);
  });
});

describe("Prometheus's targets", () => {
  test("on Compose are all that publish metrics there", () => {
    const measured = catalogue.filter(({ metrics, targets }) => metrics && !targets?.compose);
    const config = configOf(prometheusFiles(composePrometheus()));
    expect(config.scrape_configs.map((each) => each.job_name)).toEqual(measured.map(({ name }) => name));
    for (const { job_name, static_configs, dns_sd_configs } of config.scrape_configs) {
      const { metrics, phase } = measured.find(({ name }) => name === job_name)!;
      if (phase <= 2) expect(static_configs).toEqual([{ targets: [`${job_name}:${metrics!.port}`] }]);
      else expect(dns_sd_configs).toEqual([{ names: [job_name], type: "A", port: metrics!.port }]);
    }
  });

  test("on this machine are where they were started", () => {
    const { scrape_configs } = configOf(prometheusFiles(local));
    expect(scrape_configs.map((each) => [each.job_name, each.static_configs![0]!.targets])).toEqual([
      ["gateway", ["127.0.0.1:4000"]],
      ["ledger-exporter", ["127.0.0.1:9187"]],
    ]);
  });

  test("on Google Cloud leave the autoscaled services to their collectors, yet miss them when they are gone", () => {
    const files = prometheusFiles(google);
    const config = configOf(files);
    expect(config.scrape_configs.map((each) => each.job_name)).toEqual(["prometheus", "clickhouse"]);
    expect(files["rules/monitoring.yml"]).toContain(`absent(up{job="gateway"})`);
    expect(config.global.external_labels).toEqual({ environment: "prod" });
  });
});

test("the targets' rules differ only in their links, the jobs that must be there, and a test's short times", () => {
  const strip = (text: string) => text.replace(/https?:\/\/[^/\s]+/g, "").replace(/^ +for: .*\n/gm, "");
  const compose = prometheusFiles(composePrometheus());
  for (const files of [prometheusFiles(google), prometheusFiles(local)]) {
    for (const [path, text] of Object.entries(files)) {
      if (path === "prometheus.yml" || path === "rules/monitoring.yml") continue;
      expect(strip(text)).toBe(strip(compose[path]!));
    }
  }
  expect(prometheusFiles(google)["rules/budgets.yml"]).toContain(
    "https://langfuse.example.com/project/tollgate",
  );
});

describe("amtool accepts Alertmanager's configuration", () => {
  test("as committed, but for what only 0.26 knows", async () => {
    const folder = temporaryFolder({ "alertmanager.yml": forDebian() });
    const { ok, output } = await tool("amtool", ["check-config", `${folder}/alertmanager.yml`]);
    expect(output).toContain("SUCCESS");
    expect(ok ? "" : output).toBe("");
  });

  test("without integrations that have no secret: what is not sent cannot fail", async () => {
    const without = (...left: Integration[]) =>
      alertmanagerFiles({ ...defaultSettings, without: left })["alertmanager.yml"]!;
    const receivers = (text: string) => text.match(/^ +(slack|pagerduty|email|webhook)_configs/gm) ?? [];
    expect(receivers(without("slack", "pagerduty", "email"))).toEqual([]);
    expect(receivers(without("slack", "email")).map((each) => each.trim())).toEqual(["pagerduty_configs"]);
    const folder = temporaryFolder({ "alertmanager.yml": without("slack", "pagerduty", "email") });
    expect((await tool("amtool", ["check-config", `${folder}/alertmanager.yml`])).output).toContain(
      "SUCCESS",
    );
  });

  test("and every secret in it is a file that the catalogue mounts", () => {
    const text = alertmanagerFiles({ ...defaultSettings, heartbeat: HEARTBEAT_FILE })["alertmanager.yml"]!;
    const files = [...text.matchAll(/_file: (\S+)/g)].map(([, path]) => path!);
    const mounted = catalogue.find(({ name }) => name === "alertmanager")!.secretFiles!;
    expect(new Set(files)).toEqual(new Set(Object.keys(mounted)));
    expect(text).not.toMatch(/\b(api_url|routing_key|service_key|auth_password):/);
  });
});
