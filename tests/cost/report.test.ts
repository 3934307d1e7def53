import { spawnSync } from "node:child_process";
import { service } from "../../catalogue";
import { plan, STACKS } from "../../infra/plan";
import { usd } from "../../litellm-config";
import { estimate } from "../../infra/cost/estimate";
import { reportPage } from "../../ops/cost/html";
import { autopilotRequest } from "../../infra/cost/options";
import { renderReport, renderSummary } from "../../ops/cost/print";
import { costReport, type CostReport } from "../../infra/cost/report";
import { dollars } from "../../infra/cost/money";
import { NODE_ARGS } from "../support/run-command";

const AMOUNT = { low: expect.any(Number), expected: expect.any(Number), high: expect.any(Number) };

/** Whatever is an amount anywhere in a report, by its path. */
function amountsIn(value: unknown, path = ""): [string, Record<string, number>][] {
  if (typeof value !== "object" || value === null) return [];
  if ("low" in value && typeof value.low === "number" && !/quantity|assumptions|customers/.test(path)) {
    return [[path, value as Record<string, number>]];
  }
  return Object.entries(value).flatMap(([key, each]) => amountsIn(each, `${path}.${key}`));
}

describe("the report on prod", () => {
  let report: CostReport;
  beforeAll(async () => {
    report = await costReport("prod");
  }, 600_000);

  it("has the shape that --json promises", () => {
    expect(report).toMatchObject({
      stack: "prod",
      environment: "prod",
      region: "europe-west1",
      total: AMOUNT,
      ceiling: { nanos: usd("570"), exceeded: false },
      worst: { ceiling: usd("1550"), exceeded: false },
      officeHours: null,
      phases: [1, 2, 3, 4, 5].map((phase) => ({ phase, total: AMOUNT })),
      options: [
        { name: "gce-vm", total: AMOUNT, design: { low: usd("95"), high: usd("120") } },
        { name: "cloud-run", total: AMOUNT, design: { low: usd("60"), high: usd("150") } },
        { name: "gke-autopilot", total: AMOUNT, design: { low: usd("150"), high: usd("250") } },
      ],
      economics: { cases: { low: {}, expected: {}, high: {} }, breakEven: expect.any(Number) },
    });
    expect(report.byLayer.map(([layer]) => layer).sort()).toEqual(
      ["application", "gateway", "infrastructure", "llm-observability", "shared"].sort(),
    );
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("holds every amount in whole nano-dollars, none higher in the low case than in the high one", () => {
    const amounts = amountsIn(report);
    expect(amounts.length).toBeGreaterThan(100);
    for (const [path, amount] of amounts) {
      expect([path, Object.values(amount).every(Number.isSafeInteger)]).toEqual([path, true]);
      if (!/free tier|byService|lines/.test(path)) expect(amount.low).toBeLessThanOrEqual(amount.high!);
    }
  });

  it("counts the standbys and the sidecars", () => {
    const what = report.lines.map(({ service, what }) => `${service}: ${what}`);
    expect(what).toEqual(
      expect.arrayContaining([
        "postgres: 1 vCPU (and its standby's)",
        "redis: 1 GiB, with a replica",
        "agent: CPU of collector",
        "gateway: CPU of collector",
        "grafana: CPU of collector",
      ]),
    );
  });

  it("costs more with each phase", () => {
    const totals = report.phases.map(({ total }) => total.expected);
    expect(totals).toEqual([...totals].sort((a, b) => a - b));
    expect(totals.at(-1)).toBe(report.total.expected);
  });

  it("runs one machine of 4 vCPU and 16 GiB for the machine option", () =>
    // 4 x 730 x 23,993,370 + 16 x 730 x 3,216,090.
    expect(
      report.options[0]!.lines.filter(({ what }) => what.endsWith("of e2-standard-4")).reduce(
        (nanos, { cost }) => nanos + cost.expected,
        0,
      ),
    ).toBe(70_060_640_400 + 37_563_931_200));

  it("runs what one machine runs as pods on GKE, with a cluster and a load balancer", () => {
    const { lines } = report.options[2]!;
    const find = (service: string) =>
      Object.fromEntries(
        lines.filter((line) => line.service === service).map(({ what, cost }) => [what, cost.expected]),
      );
    // 0.5 vCPU: 365 vCPU-h x 44,500,000; 1 GiB: 730 GiB-h x 4,922,500; 730 x 54,800; 20 GiB x 100,000,000.
    expect(find("clickhouse")).toEqual({
      "0.5 vCPU": 16_242_500_000,
      "1 GiB": 3_593_425_000,
      "1 GiB of node disk": 40_004_000,
      "20 GiB volume": 2_000_000_000,
      snapshots: 400_000_000,
    });
    expect(find("cluster")).toEqual({ management: 73_000_000_000, "load balancer": 18_250_000_000 });
    expect(find("cloud-metrics")).toEqual({});
    expect(find("machine")).toEqual({});
  });

  it("says with figures why Cloud Run costs more than the design and what would lower it", () => {
    const seconds = report.lines
      .filter(({ price }) => /^run\.(cpu\.instance|pool\.cpu)$/.test(price))
      .reduce((sum, { quantity }) => sum + quantity.expected, 0);
    const vcpu = (seconds / 3_600 / 730).toFixed(1);
    expect(report.why).toEqual([
      expect.stringContaining(`keeps ${vcpu} vCPU and its memory between requests: $`),
      expect.stringMatching(/^Cloud SQL, Memorystore and the ClickHouse machine: \$/),
      expect.stringMatching(/^History and platform metrics at Google, .+: \$/),
    ]);
    const [vm, run] = report.options;
    expect(report.savings).toContainEqual(
      expect.objectContaining({
        what: "Everything on one machine",
        saves: run!.total.expected - vm!.total.expected,
      }),
    );
    const always = report.lines.filter(({ price }) => /^run\..+\.instance$/.test(price));
    const spent = always.reduce((nanos, { cost }) => nanos + cost.expected, 0);
    expect(report.savings).toContainEqual(
      expect.objectContaining({
        what: "Commit to one year of Cloud Run",
        saves: Math.round(spent * 0.28),
      }),
    );
    const savings = report.savings.map(({ saves }) => saves);
    expect(savings).toEqual([...savings].sort((a, b) => b - a));
    expect(savings.every((nanos) => nanos > 0 && nanos < report.total.expected)).toBe(true);
  });

  it("sets customers against the infrastructure of every environment", async () => {
    const dev = estimate((await plan("dev")).resources);
    expect(report.economics!.cases.expected).toMatchObject({
      // 40 x $49 + 20 x $99 + 5 x $199, and 40 x $8 + 20 x $18 + 5 x $35.
      revenue: usd("4935"),
      llmAtCap: usd("855"),
      infrastructure: report.total.expected + dev.total.expected,
    });
  }, 120_000);

  it("names what its prices are worth", () => {
    expect(report.prices.elsewhere).toContainEqual({ id: "sql.vcpu", region: "us-central1" });
    expect(report.prices.unverified.map(({ id }) => id)).toEqual([
      "dns.query",
      "run.pool.cpu",
      "run.pool.memory",
      "scheduler.job",
    ]);
  });

  it("prints totals, the three options and the economics", () => {
    const text = renderReport(report);
    for (const each of [
      `prod: ${dollars(report.total.expected)} a month`,
      "within the ceiling of $570.00",
      "GKE Autopilot",
      "$150.00 to $250.00",
      `Break-even: ${report.economics!.breakEven} customers`,
      "Unverified dns.query",
    ]) {
      expect(text.replace(/\u001b\[\d+m/g, "")).toContain(each);
    }
  });

  it("draws a page that asks for nothing from anywhere", () => {
    const page = reportPage(report);
    expect(page).toContain(`<b class="">${dollars(report.total.expected)}</b>`);
    expect(page).toContain(`Break-even at ${report.economics!.breakEven} customers`);
    expect(page).toContain("prefers-color-scheme: dark");
    expect(page).not.toMatch(/<script|<link|<img|@import|url\(|src=|href=/);
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });
});

it.each(STACKS)("knows the price of everything in %s, and keeps it under the ceiling", async (stack) => {
  const { resources } = await plan(stack);
  const { total, lines } = estimate(resources);
  expect(total.expected).toBeLessThanOrEqual(usd(stack === "dev" ? "230" : "570"));
  expect(renderSummary({ environment: "dev", total, lines }, 1)).toContain("over the ceiling of $0.00");
});

it("asks Autopilot for quarters of a vCPU, and for no less memory than it sells with them", () => {
  expect(autopilotRequest(service("agent"))).toEqual({ cpus: 0.5, memory: 0.5 });
  expect(autopilotRequest({ cpu: 0.1, memoryMiB: 128 })).toEqual({ cpus: 0.25, memory: 0.5 });
  expect(autopilotRequest({ cpu: 0.25, memoryMiB: 4096 })).toEqual({ cpus: 0.75, memory: 4 });
  expect(autopilotRequest({ cpu: 2, memoryMiB: 512 })).toEqual({ cpus: 2, memory: 2 });
});

describe("npm run cost", () => {
  const cost = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [...NODE_ARGS, "ops/cost/main.ts", ...args],
      {
        encoding: "utf8",
      },
    );
    return { status, text: stdout + stderr };
  };

  it("names the stacks when it is asked for another", () => {
    const { status, text } = cost("--stack", "staging");
    expect(text).toContain("Allowed choices are dev, prod");
    expect(status).toBe(2);
  });

  it("says what to do about a price list that is not there", () => {
    const { status, text } = cost("--stack", "dev", "--prices", "/no/such.json");
    expect(text).toContain("The price list /no/such.json cannot be read");
    expect(status).toBe(1);
  });

  it("ends with 2 without a stack", () => {
    const { status, text } = cost();
    expect(text).toContain("required option '--stack <name>' not specified");
    expect(status).toBe(2);
  });
});
