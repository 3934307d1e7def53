/**
 * The way of the history from a real Prometheus through a real Alloy to a stand-in of Google's Telemetry API, which holds what it
 * gets to the limits and names that Google documents. `npm run test:servers` runs this where `alloy` and `prometheus` are on the
 * PATH.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { collectorFiles } from "../../dashboards/alloy";
import { externalMetrics } from "../../dashboards/metrics/external";
import { googlePrometheus, prometheusFiles } from "../../dashboards/prometheus";
import type { Running } from "../../local/processes";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";
import { TelemetryApi, type DataPoint, type Metric, type Request } from "./support/telemetry-api";

const GOOGLE = BASE + 95;
const MEASURED = BASE + 96;
const PROMETHEUS = BASE + 97;
const ALLOY = BASE + 98;
/** More than a request may hold. */
const TIERS = 450;

const { folder, remove } = temporaryFolder("history");
const started: Running[] = [];
let api: TelemetryApi;
let measured: Server;

interface Point extends DataPoint {
  metric: Metric;
  resource: Record<string, string>;
  labels: Record<string, string>;
}

const texts = (attributes: { key: string; value: { string_value?: string } }[] = []) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.string_value ?? ""]));

function pointsOf({ resource_metrics }: Request): Point[] {
  return resource_metrics.flatMap(({ resource, scope_metrics }) =>
    scope_metrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) =>
        (metric.gauge?.data_points ?? []).map((point) => ({
          ...point,
          metric,
          resource: texts(resource.attributes),
          labels: texts(point.attributes),
        })),
      ),
    ),
  );
}

const seriesOf = ({ metric, resource, labels }: Point) => JSON.stringify([metric.name, resource, labels]);

describeWith("alloy", "prometheus")("the history", () => {
  beforeAll(async () => {
    measured = createServer((_request, response) => response.end(measurements()));
    measured.listen(MEASURED, "127.0.0.1");
    await once(measured, "listening");
    api = await TelemetryApi.listen(GOOGLE);
    await startPrometheus();
    await startAlloy();
    const isThere = (points: Point[]) => points.some(({ metric }) => metric.name.includes(":"));
    await eventually(async () => isThere((await api.requests()).flatMap(pointsOf)));
    // A failure that passes: what it refuses comes again, and before what is younger.
    api.status = 503;
    await eventually(async () => (await api.requests()).some(({ status }) => status === 503));
    api.status = 200;
    api.token = "second";
    const isRenewed = ({ headers }: Request) => headers.authorization === "Bearer second";
    await eventually(async () => (await api.requests()).filter(isRenewed).length > 12);
  }, 240_000);

  afterAll(async () => {
    for (const each of started.reverse()) await each.stop();
    await api?.close();
    measured?.close();
    remove();
  }, 60_000);

  it("is sent with the account's token, which is renewed, for the project's quota, as protobuf", async () => {
    for (const { headers } of await api.requests())
      expect(headers).toMatchObject({
        authorization: expect.stringMatching(/^Bearer (first|second)$/),
        "x-goog-user-project": "a-project",
        "content-type": "application/x-protobuf",
      });
  });

  it("keeps the API's limits, and the names that it takes", async () => {
    const requests = await api.requests();
    const sizes = requests.map((request) => pointsOf(request).length);
    expect(Math.max(...sizes)).toBe(200);
    for (const request of requests) {
      expect(request.resource_metrics.length).toBeLessThanOrEqual(200);
      for (const { metric, resource, labels } of pointsOf(request)) {
        expect(metric.name).toMatch(/^[a-zA-Z][a-zA-Z0-9_:./]*$/);
        // A unit would become a part of the name, and an unknown type a second series.
        expect(["name", "description", "gauge"]).toEqual(expect.arrayContaining(Object.keys(metric)));
        expect(resource).toEqual({
          "service.name": expect.stringMatching(/./),
          "service.instance.id": expect.stringMatching(/./),
          "gcp.project_id": "a-project",
          location: "europe-west1",
          cluster: "tollgate-prod",
        });
        for (const key of Object.keys(labels)) {
          expect(key).toMatch(/^[a-zA-Z_][a-zA-Z0-9_.]*$/);
          expect(["location", "cluster", "namespace", "job", "instance", "project_id"]).not.toContain(key);
        }
      }
    }
  });

  it("has a series' samples once and in their order, over a failure too", async () => {
    const times = new Map<string, bigint[]>();
    for (const request of await api.requests()) {
      if (request.status !== 200) continue;
      for (const point of pointsOf(request)) {
        const series = seriesOf(point);
        times.set(series, [...(times.get(series) ?? []), BigInt(point.time_unix_nano)]);
      }
    }
    for (const [series, all] of times)
      expect([series, all]).toEqual([series, [...new Set(all)].sort((a, b) => (a < b ? -1 : 1))]);
    expect(Math.max(...[...times.values()].map(({ length }) => length))).toBeGreaterThan(3);
  });

  it("is what is recorded, and a few raw series", async () => {
    const points = (await api.requests()).flatMap(pointsOf);
    const names = [...new Set(points.map(({ metric }) => metric.name))];
    const raw = names.filter((name) => !name.includes(":")).sort();
    expect(raw).toEqual(["ALERTS", "tollgate_customers_active", "tollgate_tier_budget_nanodollars", "up"]);
    expect(names).toEqual(
      expect.arrayContaining(["tollgate:requests:rate5m", "tollgate:spend_usd_per_hour:rate10m"]),
    );
    const of = (name: string) => points.filter(({ metric }) => metric.name === name);
    expect(new Set(of("tollgate_tier_budget_nanodollars").map(seriesOf)).size).toBe(TIERS);
    expect(of("tollgate_tier_budget_nanodollars").find(({ labels }) => labels.tier === "7")).toMatchObject({
      as_double: 7,
      labels: { tier: "7", environment: "prod" },
      resource: { "service.name": "ledger-exporter", "service.instance.id": `127.0.0.1:${MEASURED}` },
    });
    // Only what Prometheus found, and nothing of the collector's own reading.
    const found = [...new Set(of("up").map(({ resource }) => resource["service.name"]))].sort();
    expect(found).toEqual(["ledger-exporter", "prometheus"]);
    expect(of("tollgate:spend_usd_per_hour:rate10m")[0]!.resource["service.name"]).toBe("prometheus");
  });

  it("is counted by the collector, under the names of the alert", async () => {
    const [queue, failed, sent] = externalMetrics
      .filter(({ name }) => name.startsWith("otelcol_"))
      .map(({ name }) => name);
    const value = async (name: string) => {
      const metrics = await (await fetch(`http://127.0.0.1:${ALLOY}/metrics`)).text();
      const line = metrics
        .split("\n")
        .find((each) => each.startsWith(`${name}{`) && !/"(logs|traces)"/.test(each));
      return Number(line?.split(" ").at(-1) ?? 0);
    };
    expect(await value(queue!)).toBe(1000);
    expect(await value(sent!)).toBeGreaterThan(TIERS);
    expect(await value(failed!)).toBe(0);
    api.status = 400;
    await eventually(async () => (await value(failed!)) > 0);
  }, 60_000);
});

function measurements(): string {
  const tiers = Array.from(
    { length: TIERS },
    (_, index) => `tollgate_tier_budget_nanodollars{tier="${index}"} ${index}\n`,
  );
  return `# TYPE tollgate_guard_calls_total counter
tollgate_guard_calls_total{outcome="success"} ${Math.floor(Date.now() / 1000)}
# TYPE tollgate_customers_active gauge
tollgate_customers_active 3
# TYPE tollgate_tier_budget_nanodollars gauge
${tiers.join("")}`;
}

async function startPrometheus(): Promise<void> {
  const settings = googlePrometheus({
    environment: "prod",
    targets: { "ledger-exporter": `127.0.0.1:${MEASURED}` },
    alertmanager: "127.0.0.1:9",
    links: { grafana: "http://127.0.0.1:9", langfuse: "http://127.0.0.1:9" },
  });
  const scrape = settings.scrape.map((job) =>
    job.job === "prometheus" ? { ...job, at: { static: `127.0.0.1:${PROMETHEUS}` } } : job,
  );
  const own = write("prometheus", prometheusFiles({ ...settings, scrape, interval: 1 }));
  const args = [
    `--config.file=${own}/prometheus.yml`,
    `--storage.tsdb.path=${own}/data`,
    `--web.listen-address=127.0.0.1:${PROMETHEUS}`,
    // As behind the router of a shared instance.
    "--web.route-prefix=/prometheus",
  ];
  const path = "/prometheus/-/ready";
  started.push(await startServer("prometheus", { port: PROMETHEUS, path, folder, args }));
}

async function startAlloy(): Promise<void> {
  const text = collectorFiles("platform")["history.alloy"]!;
  const hurried = text
    .replace("https://telemetry.googleapis.com", `http://127.0.0.1:${GOOGLE}`)
    .replace("http://metadata.google.internal", `http://127.0.0.1:${GOOGLE}`)
    .replace(`= "60s"`, `= "2s"\n\tscrape_timeout   = "2s"`)
    .replace(`= "5s"`, `= "500ms"`)
    .replace(`= "1m"`, `= "1s"\n\tpoll_timeout   = "500ms"`)
    .replace("sending_queue {", `retry_on_failure {\n\t\tinitial_interval = "1s"\n\t}\n\n\tsending_queue {`);
  const own = write("alloy", { "history.alloy": hurried });
  const args = [
    "run",
    own,
    `--server.http.listen-addr=127.0.0.1:${ALLOY}`,
    `--storage.path=${own}-data`,
    "--disable-reporting",
  ];
  const env = {
    PROMETHEUS_URL: `http://127.0.0.1:${PROMETHEUS}/prometheus`,
    GOOGLE_CLOUD_PROJECT: "a-project",
    GOOGLE_CLOUD_REGION: "europe-west1",
    TOLLGATE_ENVIRONMENT: "prod",
  };
  started.push(await startServer("alloy", { port: ALLOY, path: "/-/ready", folder, args, env }));
}

function write(name: string, files: Record<string, string>): string {
  const own = join(folder, name);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(own, file)), { recursive: true });
    writeFileSync(join(own, file), text);
  }
  return own;
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 90; tries++) {
    if (await holds()) return;
    await sleep(1000);
  }
  throw new Error("it does not come");
}
