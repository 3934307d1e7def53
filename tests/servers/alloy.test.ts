/**
 * Alloy itself on the collectors' files: it accepts each, and brings lines of every service to Loki with their labels. `npm run
 * test:servers` runs this where `alloy` and `loki` are on the PATH, or TOLLGATE_ALLOY_BIN and TOLLGATE_LOKI_BIN name them.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ports } from "../../catalogue";
import { collectorFiles } from "../../dashboards/alloy";
import { lokiHere } from "../../local/stack/config-folders";
import { serviceEnvironment, type Running } from "../../local/processes";
import { findServer } from "../../local/servers/find";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";

const LOKI = BASE + 70;
const EXPORTED = BASE + 75;
const { folder, remove } = temporaryFolder("alloy");
const logs = join(folder, "logs");
const env = {
  LOKI_URL: `http://127.0.0.1:${LOKI}`,
  LOG_FOLDER: logs,
  LOG_SUBSCRIPTION: "log-lines",
  SHARING_SERVICES: "alertmanager|prometheus",
  SERVICE_NAME: "alloy",
  PROMETHEUS_URL: `http://127.0.0.1:${BASE + 79}`,
  GOOGLE_CLOUD_PROJECT: "a-project",
  METRICS_ADDRESS: "127.0.0.1:9",
  METRICS_PATH: "/metrics",
  K_REVISION: "1",
  REDIS_SCHEME: "redis",
  REDIS_HOST: "127.0.0.1",
  REDIS_PORT: "9",
  REDIS_PASSWORD: "unused",
};

const NOW = new Date();
const AN_HOUR_AGO = new Date(NOW.getTime() - 3_600_000);

/** A line as each program writes it, and the level that people find it by. */
const LINES: [service: string, line: string, level: string][] = [
  ["agent", `{"level":"error","time":"${AN_HOUR_AGO.toISOString()}","event":"query.failed"}`, "error"],
  ["gateway", `{"level": "WARNING", "time": "${AN_HOUR_AGO.toISOString()}", "event": "fallback"}`, "warn"],
  ["llm-simulator", `{"severity":"CRITICAL","message":"no room"}`, "error"],
  ["prometheus", 'ts=2026-11-20T11:58:30.000Z level=warn msg="slow"', "warn"],
  ["alertmanager", 'ts=2026-11-20T11:58:30.000Z level=error msg="notify failed"', "error"],
  ["postgres", "2026-11-20 11:57:00.000 UTC [1] ERROR:  no such role", "error"],
  ["clickhouse", "2026.11.20 11:57:00.000000 [ 7 ] {} <Error> Application: no space", "error"],
  ["clickhouse", "2026.11.20 11:57:00.000000 [ 7 ] {} <Trace> MergeTree: read", "debug"],
  [
    "langfuse-worker",
    "2026-11-20T11:57:00.000Z error  ClickhouseWriter: Max attempts reached, dropped 4 traces records",
    "error",
  ],
  ["redis", "12:M 20 Nov 2026 11:56:00.000 # WARNING overcommit_memory is set to 0", "warn"],
];

/** What Cloud Logging exports, with the labels that Alloy's source gives it. */
const EXPORTS: [
  labels: Record<string, string>,
  entry: object,
  service: string,
  level: string,
  line: string,
][] = [
  [
    { __gcp_resource_labels_service_name: "tollgate-agent", __gcp_severity: "DEFAULT" },
    { jsonPayload: { level: "error", event: "query.failed" } },
    "agent",
    "error",
    `{"level":"error","event":"query.failed"}`,
  ],
  [
    { __gcp_resource_labels_worker_pool_name: "tollgate-langfuse-worker", __gcp_severity: "DEFAULT" },
    { textPayload: "2026-11-20T11:57:00.000Z warn  a slow job" },
    "langfuse-worker",
    "warn",
    "2026-11-20T11:57:00.000Z warn  a slow job",
  ],
  [
    {
      __gcp_resource_labels_service_name: "tollgate-metrics",
      __gcp_labels_container_name: "alertmanager",
      __gcp_severity: "ERROR",
    },
    { textPayload: "the container was stopped" },
    "alertmanager",
    "error",
    "the container was stopped",
  ],
  [
    { __gcp_resource_type: "gce_instance", __gcp_severity: "INFO" },
    {
      jsonPayload: {
        "cos.googleapis.com/container_name": "clickhouse",
        message: "2026.11.20 11:57:00.000000 [ 7 ] {} <Warning> Access: no users",
      },
    },
    "clickhouse",
    "warn",
    "2026.11.20 11:57:00.000000 [ 7 ] {} <Warning> Access: no users",
  ],
];

describeWith("alloy")("Alloy", () => {
  it.each([
    ["Compose's collector", collectorFiles("compose")],
    ["this machine's collector", collectorFiles("machine")],
    ["Google Cloud's log collector", collectorFiles("logs", true)],
    ["Google Cloud's metrics collector", collectorFiles("platform", true)],
    ["the sidecar", collectorFiles("sidecar")],
  ])("accepts %s", async (name, files) => {
    const own = write(name.replaceAll(/\W/g, "-"), files);
    await promisify(execFile)(findServer("alloy")!, ["validate", own], {
      env: serviceEnvironment({ ...env, TOLLGATE_ENVIRONMENT: "test" }),
    });
  });
});

describeWith("alloy", "loki")("Alloy with Loki", () => {
  const started: Running[] = [];

  beforeAll(async () => {
    const data = join(folder, "loki");
    mkdirSync(logs, { recursive: true });
    for (const [service, line] of LINES)
      writeFileSync(join(logs, `${service}.log`), `${line}\n`, { flag: "a" });
    const config = lokiHere({ folder: data, portOffset: LOKI - ports.loki });
    writeFileSync(join(folder, "loki.yaml"), config);
    const args = [`-config.file=${join(folder, "loki.yaml")}`];
    started.push(await startServer("loki", { port: LOKI, path: "/ready", folder, args }));
    started.push(await alloy("machine", collectorFiles("machine"), BASE + 77));
    // Pub/Sub is not here: its lines come in by HTTP, with the same labels and the same rules.
    const { "exported.alloy": exported, ...others } = collectorFiles("logs");
    const pushed = exported!.replace(/loki\.source\.gcplog "exported" \{[^]*?\n\}\n/, SOURCE);
    started.push(await alloy("cloud", { ...others, "exported.alloy": pushed }, BASE + 78));
    await push();
  }, 180_000);

  afterAll(async () => {
    for (const each of started.reverse()) await each.stop();
    remove();
  }, 60_000);

  it.each(LINES)(
    "brings %s's line %s with level %s",
    async (service, line, level) => {
      const found = await find(`{service="${service}", environment="machine"} | detected_level="${level}"`);
      expect(found.map(([, text]) => text)).toEqual([line]);
    },
    60_000,
  );

  it("takes a line's time from the line", async () => {
    const [found] = await find(`{service="agent", environment="machine"} |= "time"`);
    const time = BigInt(found![0]);
    expect(new Date(Number(time / 1_000_000n))).toEqual(AN_HOUR_AGO);
  });

  it("counts what Langfuse's worker says that it dropped", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${BASE + 77}/metrics`)).text();
    expect(metrics).toMatch(/^tollgate_langfuse_dropped_records_total\{.*\} 4$/m);
  });

  it.each(EXPORTS)(
    "unwraps %j of %j: %s, %s",
    async (_labels, _entry, service, level, line) => {
      const found = await find(`{service="${service}", environment="cloud"} | detected_level="${level}"`);
      expect(found.map(([, text]) => text)).toEqual([line]);
    },
    60_000,
  );

  it("gives lines three labels and no more", async () => {
    const response = await fetch(`http://127.0.0.1:${LOKI}/loki/api/v1/labels`);
    const { data } = (await response.json()) as { data: string[] };
    // Loki adds the last one itself.
    expect(data.sort()).toEqual(["environment", "level", "service", "service_name"]);
  });
});

const SOURCE = `loki.source.api "exported" {
  http {
    listen_address = "127.0.0.1"
    listen_port    = ${EXPORTED}
  }
  relabel_rules = loki.relabel.service.rules
  forward_to    = [loki.process.unwrapped.receiver]
}
`;

function write(name: string, files: Record<string, string>): string {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(own, file), text);
  return own;
}

function alloy(name: string, files: Record<string, string>, port: number): Promise<Running> {
  const own = write(name, files);
  const listen = `--server.http.listen-addr=127.0.0.1:${port}`;
  const args = ["run", own, listen, `--storage.path=${own}-data`, "--disable-reporting"];
  return startServer("alloy", {
    port,
    path: "/-/ready",
    folder,
    args,
    env: { ...env, TOLLGATE_ENVIRONMENT: name },
  });
}

async function push(): Promise<void> {
  const nanoseconds = String(BigInt(NOW.getTime()) * 1_000_000n);
  const streams = EXPORTS.map(([stream, entry]) => ({
    stream,
    values: [[nanoseconds, JSON.stringify(entry)]],
  }));
  const response = await fetch(`http://127.0.0.1:${EXPORTED}/loki/api/v1/push`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ streams }),
  });
  expect(response.status).toBe(204);
}

/** The lines of a query, as soon as there are any. */
async function find(query: string): Promise<[time: string, line: string][]> {
  for (let tries = 0; ; tries++) {
    const parameters = new URLSearchParams({ query, since: "12h" });
    const response = await fetch(`http://127.0.0.1:${LOKI}/loki/api/v1/query_range?${parameters}`);
    const { data } = (await response.json()) as { data: { result: { values: [string, string][] }[] } };
    const found = data.result.flatMap(({ values }) => values);
    if (found.length > 0 || tries === 60) return found;
    await sleep(500);
  }
}
