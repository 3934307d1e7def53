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
import { errorLogs } from "../../dashboards/loki/queries";
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
  GOOGLE_CLOUD_REGION: "europe-west1",
  METRICS_ADDRESS: "127.0.0.1:9",
  METRICS_PATH: "/metrics",
  K_REVISION: "1",
  REDIS_SCHEME: "redis",
  REDIS_HOST: "127.0.0.1",
  REDIS_PORT: "9",
  REDIS_PASSWORD: "unused",
};

const ANSI = /\u001b\[[0-9;]*m/g;
const NOW = new Date();
const AN_HOUR_AGO = new Date(NOW.getTime() - 3_600_000);

const TIME = "2026-11-20 11:57:00.000 UTC [1]";
const CLICKHOUSE = "2026.11.20 11:57:00.000000 [ 7 ] {}";
const VALKEY = "12:M 20 Nov 2026 11:56:00.000";
const NGINX = "2026/11/20 11:57:00";
const LANGFUSE = "2026-11-20T11:57:00.000Z";
const LANGFUSE_JSON = `{"level":"error","message":"Failed job: boom","stack":"Error: boom\\n    at run (/app/x.js:1:1)","timestamp":"${LANGFUSE}"}`;
const CLICKHOUSE_JSON = `{"date_time":"1795000000.000000","thread_id":"7","level":"Error","query_id":"","logger_name":"Application","message":"DB::Exception: no space\\nStack trace:\\n0. DB::Exception() @ 0x1"}`;
const REQUEST = `10.0.0.1 - - [20/Nov/2026:11:57:00 +0000] "GET /error?level=error HTTP/1.1" 200 12 "-" "curl"`;
const JSON_TIME = `"time":"${AN_HOUR_AGO.toISOString()}"`;

/**
 * What each program writes: events, some of several lines, and the level that people find them by. `unknown` is a line that names
 * none, and is no error.
 */
const EVENTS: Record<string, [level: string, event: string][]> = {
  agent: [
    ["error", `{"level":"error",${JSON_TIME},"event":"query.failed"}`],
    ["info", `{"level":"info",${JSON_TIME},"err":{"level":"error"},"message":"an ERROR is in here"}`],
    ["error", `{"level":50,"msg":"pino's number of an error"}`],
    ["info", `{"level":30,"msg":"pino's number of an information, no error"}`],
    ["error", `{"level":"error","message":"crlf"}\r`],
    ["error", "TypeError: Cannot read properties of undefined (reading 'x')\n    at foo (/app/a.js:1:2)"],
    ["info", `{"message":"no level, and no error"}`],
  ],
  gateway: [
    ["warn", `{"level": "WARNING", ${JSON_TIME}, "event": "fallback"}`],
    ["error", `{"message": "Python's own JSON", "levelname": "ERROR"}`],
    [
      "error",
      "Traceback (most recent call last):\n  File \"/app/a.py\", line 5, in main\n    x\nKeyError: 'a'",
    ],
    ["info", 'INFO:     10.0.0.1:1 - "POST /v1/error HTTP/1.1" 200 OK'],
    ["error", "ERROR:    [Errno 98] while attempting to bind on address"],
    ["error", "\u001b[92m12:00:00 - LiteLLM Proxy:ERROR\u001b[0m: proxy_server.py:1 - boom"],
    ["info", "12:00:00 - LiteLLM:INFO: utils.py:1 - no error"],
  ],
  "llm-simulator": [["error", `{"severity":"CRITICAL","message":"no room"}`]],
  prometheus: [
    ["warn", 'ts=2026-11-20T11:58:30.000Z level=warn msg="slow"'],
    ["error", `{"level":"FATAL","msg":"x"}`],
    ["error", "panic: runtime error: index out of range"],
  ],
  alertmanager: [
    ["error", 'ts=2026-11-20T11:58:30.000Z level=error msg="notify failed"'],
    ["error", 'time=2026-11-20T11:58:30.000Z level=ERROR source=notify.go:1 msg="notify failed"'],
    ["info", 'time=2026-11-20T11:58:30.000Z level=INFO msg="level=error was seen" errors=0'],
  ],
  grafana: [
    ["error", 'logger=context t=2026-11-20T11:58:30.000Z level=error msg="Request error" err="x"'],
    ["error", 'logger=context t=2026-11-20T11:58:30.000Z lvl=eror msg="Request error"'],
    ["info", 'logger=migrator level=info msg="Executing migration" id="add column error"'],
  ],
  postgres: [
    ["error", `${TIME} ERROR:  syntax error at or near "x" at character 5`],
    ["info", `${TIME} STATEMENT:  select\n\tx from\n\ty`],
    ["error", `${TIME} FATAL:  password authentication failed for user "x"`],
    ["error", `${TIME} PANIC:  could not locate a valid checkpoint record`],
    ["info", `${TIME} LOG:  checkpoint complete: no error occurred, errors=0`],
    ["warn", `${TIME} WARNING:  there is no transaction in progress`],
    ["info", `${TIME} DETAIL:  Failed process was running: error`],
  ],
  clickhouse: [
    [
      "error",
      `${CLICKHOUSE} <Error> Application: DB::Exception: no space\nStack trace:\n0. DB::Exception() @ 0x1`,
    ],
    ["debug", `${CLICKHOUSE} <Trace> MergeTree: read`],
    ["error", `${CLICKHOUSE} <Fatal> BaseDaemon: Received signal 11`],
    ["info", `${CLICKHOUSE} <Information> Application: no <Error>`],
    ["error", CLICKHOUSE_JSON],
    ["debug", `{"date_time":"1795000000.000001","level":"Trace","message":"read"}`],
  ],
  "langfuse-worker": [
    ["error", `${LANGFUSE} error  ClickhouseWriter: Max attempts reached, dropped 4 traces records`],
    [
      "error",
      `${LANGFUSE} error \tFailed job Error: boom\n    at run (/app/x.js:1:1)\n    at go (/app/y.js:2:2)`,
    ],
    ["info", `${LANGFUSE} info \tProcessed job with 0 errors`],
    ["error", `${LANGFUSE} \u001b[31merror\u001b[39m \tfailed job`],
    ["info", `${LANGFUSE} \u001b[32minfo\u001b[39m \tno error here`],
    ["error", LANGFUSE_JSON],
  ],
  "langfuse-web": [
    ["unknown", " ✓ Ready in 3.2s"],
    ["error", "prisma:error \nInvalid `prisma.user.findMany()` invocation:\n\n\nCan't reach database server"],
    ["warn", "prisma:warn a slow query"],
  ],
  redis: [
    ["warn", `${VALKEY} # WARNING overcommit_memory is set to 0`],
    ["warn", `${VALKEY} # Connection with replica lost.`],
    ["error", `${VALKEY} # Error writing to the AOF file: No space left on device`],
    ["info", `${VALKEY} * DB saved on disk without error`],
    ["info", `${VALKEY} - Accepted 10.0.0.1:1`],
    ["debug", `${VALKEY} . 1 clients connected`],
  ],
  router: [
    ["error", `${NGINX} [error] 7#7: *1 connect() failed (111: Connection refused)`],
    ["error", `${NGINX} [crit] 7#7: *1 SSL_do_handshake() failed`],
    ["error", `${NGINX} [alert] 1#1: worker process 8 exited on signal 9`],
    ["error", `${NGINX} [emerg] 1#1: bind() to 0.0.0.0:80 failed`],
    ["warn", `${NGINX} [warn] 1#1: conflicting server name`],
    ["info", `${NGINX} [notice] 1#1: signal 15 received, error log closing`],
    ["info", REQUEST],
  ],
};

/** Longer than Loki takes: its beginning and its level are kept. */
const LONG = `{"level":"error","message":"${"x".repeat(300_000)}"}`;
const INVALID = Buffer.from([
  ...Buffer.from('{"level":"error","message":"'),
  0xff,
  0xc3,
  0x28,
  ...Buffer.from('"}'),
]);

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
    { __gcp_resource_labels_service_name: "tollgate-grafana", __gcp_severity: "DEFAULT" },
    { jsonPayload: { message: "no error, and no level" } },
    "grafana",
    "info",
    `{"message":"no error, and no level"}`,
  ],
  [
    { __gcp_resource_labels_service_name: "tollgate-gateway", __gcp_severity: "DEFAULT" },
    { jsonPayload: { severity: "NOTICE", message: "an error is none" } },
    "gateway",
    "info",
    `{"severity":"NOTICE","message":"an error is none"}`,
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
  // Stack traces: what Cloud Logging would cut at each line is one of JSON.
  [
    { __gcp_resource_labels_worker_pool_name: "tollgate-langfuse-worker", __gcp_severity: "DEFAULT" },
    { jsonPayload: JSON.parse(LANGFUSE_JSON) as object },
    "langfuse-worker",
    "error",
    LANGFUSE_JSON,
  ],
  [
    { __gcp_resource_type: "gce_instance", __gcp_severity: "INFO" },
    { jsonPayload: { "cos.googleapis.com/container_name": "clickhouse", message: CLICKHOUSE_JSON } },
    "clickhouse",
    "error",
    CLICKHOUSE_JSON,
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
    for (const [service, events] of Object.entries(EVENTS))
      writeFileSync(join(logs, `${service}.log`), events.map(([, event]) => `${event}\n`).join(""));
    writeFileSync(join(logs, "long.log"), `${LONG}\n`);
    writeFileSync(join(logs, "invalid.log"), Buffer.concat([INVALID, Buffer.from("\n")]));
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

  it.each(Object.entries(EVENTS))(
    "brings each event of %s as one entry with its level",
    async (service, events) => {
      const found = await find(`{service="${service}", environment="machine"}`, events.length);
      const key = ([level, text]: [string, string]) => `${level}: ${text}`;
      const plain = events.map(([level, text]): [string, string] => [
        level,
        text.replace(ANSI, "").trimEnd(),
      ]);
      expect(found.map(({ level, line }) => key([level, line.trimEnd()])).sort()).toEqual(
        plain.map(key).sort(),
      );
    },
    60_000,
  );

  it('finds every error for "Error lines by service", and nothing else', async () => {
    const expr = errorLogs.replace('environment=~".+"', 'environment="machine"');
    const errors = Object.values(EVENTS).flatMap((events) => events.filter(([level]) => level === "error"));
    const found = await find(expr, errors.length + 2);
    expect(found).toHaveLength(errors.length + 2);
    expect(new Set(found.map(({ level }) => level))).toEqual(new Set(["error"]));
  }, 60_000);

  it("cuts a line that is too long for Loki, and keeps its level; takes bytes that are no text", async () => {
    const [long] = await find('{service="long"}', 1);
    expect(long).toMatchObject({
      level: "error",
      line: expect.stringMatching(/^\{"level":"error".*\.\.\.$/),
    });
    expect(long!.line.length).toBeLessThan(70_000);
    const [invalid] = await find('{service="invalid"}', 1);
    expect(invalid).toMatchObject({ level: "error" });
  }, 60_000);

  it("takes a line's time from the line", async () => {
    const found = await find(`{service="agent", environment="machine"} |= "time"`, 2);
    for (const { nanoseconds } of found)
      expect(new Date(Number(BigInt(nanoseconds) / 1_000_000n))).toEqual(AN_HOUR_AGO);
  });

  it("counts what Langfuse's worker says that it dropped", async () => {
    const metrics = await (await fetch(`http://127.0.0.1:${BASE + 77}/metrics`)).text();
    expect(metrics).toMatch(/^tollgate_langfuse_dropped_records_total\{.*\} 4$/m);
  });

  it.each(EXPORTS)(
    "unwraps %j of %j: %s, %s",
    async (_labels, _entry, service, level, line) => {
      const found = await find(`{service="${service}", environment="cloud"} | detected_level="${level}"`, 1);
      expect(found.map((each) => contentOf(each.line))).toEqual([contentOf(line)]);
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

/** Cloud Logging's object is written anew, with its keys in any order. */
const contentOf = (line: string): unknown => (line.startsWith("{") ? JSON.parse(line) : line);

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

/** The entries of a query, as soon as there are so many. */
async function find(
  query: string,
  count: number,
): Promise<{ nanoseconds: string; level: string; line: string }[]> {
  for (let tries = 0; ; tries++) {
    const parameters = new URLSearchParams({ query, since: "12h", limit: "5000" });
    const response = await fetch(`http://127.0.0.1:${LOKI}/loki/api/v1/query_range?${parameters}`);
    const { data } = (await (response.ok ? response : Response.json({ data: { result: [] } })).json()) as {
      data: { result: { stream: { detected_level: string }; values: [string, string][] }[] };
    };
    const found = data.result.flatMap(({ stream, values }) =>
      values.map(([nanoseconds, line]) => ({ nanoseconds, level: stream.detected_level, line })),
    );
    if (found.length >= count || tries === 60) return found;
    await sleep(500);
  }
}
