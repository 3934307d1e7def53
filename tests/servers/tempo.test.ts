/**
 * Tempo itself on the rendered configuration: it takes traces by OTLP, stops within the platform's ten seconds and keeps what is
 * on its disk. `npm run test:servers` runs this where `tempo` is on the PATH or TOLLGATE_TEMPO_BIN names it.
 */
import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseDocument } from "yaml";
import { ports } from "../../catalogue";
import { tempoConfig } from "../../infra/config-files/tempo";
import { tempoHere } from "../../local/stack/config-folders";
import type { Running } from "../../local/processes";
import type { Exit } from "../../local/processes/process";
import { BASE, describeWith, startServer, temporaryFolder } from "./support/server";
import { spansOf } from "./support/tempo";

const portOffset = BASE - ports.tempo + 60;
const { folder, remove } = temporaryFolder("tempo");

let running: Running;

describeWith("tempo")("Tempo on its rendered configuration", () => {
  beforeAll(async () => {
    writeFileSync(join(folder, "tempo.yaml"), tempoHere({ folder: join(folder, "data"), portOffset }));
    running = await start();
  }, 120_000);

  afterAll(async () => {
    await running?.stop();
    remove();
  }, 60_000);

  it("stops within ten seconds, and has the last traces after its restart", async () => {
    const { code, signal } = await keepsTracesOverRestart();
    // A process that had to be killed ends by a signal.
    expect([code, signal]).toEqual([0, null]);
  }, 120_000);

  it("takes a trace by OTLP and finds it by its id", async () => {
    const id = await send("agent");
    expect(await spanNames(id)).toEqual(["query"]);
  });

  // Tempo searches what is older than half a minute (`query_end_cutoff`).
  it("finds traces by the service that they came from", async () => {
    const id = await send("gateway");
    const found = await eventually(async () => {
      const query = new URLSearchParams({ q: `{ resource.service.name = "gateway" }` });
      const { traces } = (await (await fetch(`${running.url}/api/search?${query}`)).json()) as {
        traces?: { traceID: string }[];
      };
      return traces?.map(({ traceID }) => traceID.padStart(32, "0"));
    }, [id]);
    expect(found).toEqual([id]);
  }, 120_000);

  it("has them in the bucket before it ends where its disk is memory", async () => {
    await running.stop();
    running = await start(onBucket());
    const ids = await sendTwenty();
    await running.stop();
    const { code, signal } = await running.exited;
    rmSync(join(folder, "memory"), { recursive: true });
    running = await start(onBucket());
    await expectAll(ids);
    await running.stop();
    running = await start();
    expect([code, signal]).toEqual([0, null]);
  }, 120_000);

  // Asked within the last half minute, Tempo 3.0.3 waits for its empty queue of queries until it is killed.
  it("has the last traces also where it had to be killed", () => keepsTracesOverRestart(), 120_000);
});

async function keepsTracesOverRestart(): Promise<Exit> {
  const ids = await sendTwenty();
  await running.stop();
  const exit = await running.exited;
  running = await start();
  await expectAll(ids);
  return exit;
}

function sendTwenty(): Promise<string[]> {
  return Promise.all(Array.from({ length: 20 }, () => send("agent")));
}

async function expectAll(ids: string[]): Promise<void> {
  for (const id of ids) expect(await eventually(() => spanNames(id), ["query"])).toEqual(["query"]);
}

/** Google Cloud's configuration, with a folder for the bucket and another for what is memory there. */
function onBucket(): string {
  const config = parseDocument(
    tempoConfig({ bucketVariable: "TEMPO_BUCKET" }).replaceAll("/tmp/tempo", join(folder, "memory")),
  );
  const here = parseDocument(tempoHere({ folder: join(folder, "data"), portOffset }));
  for (const path of [["server"], ["distributor"]]) config.setIn(path, here.getIn(path));
  config.setIn(["storage", "trace", "backend"], "local");
  config.setIn(["storage", "trace", "local"], { path: join(folder, "bucket") });
  config.deleteIn(["storage", "trace", "gcs"]);
  return config.toString();
}

async function start(config?: string): Promise<Running> {
  const file = config ? "bucket.yaml" : "tempo.yaml";
  if (config) writeFileSync(join(folder, file), config);
  const args = [`-config.file=${join(folder, file)}`, "-config.expand-env=true"];
  return startServer("tempo", { port: ports.tempo + portOffset, path: "/ready", folder, args });
}

/** Sends a trace of one span. */
async function send(service: string): Promise<string> {
  const traceId = randomBytes(16).toString("hex");
  const nanos = BigInt(Date.now()) * 1_000_000n;
  const span = {
    traceId,
    spanId: randomBytes(8).toString("hex"),
    name: "query",
    kind: 1,
    startTimeUnixNano: String(nanos),
    endTimeUnixNano: String(nanos + 500_000_000n),
  };
  const attributes = [{ key: "service.name", value: { stringValue: service } }];
  const response = await fetch(`http://127.0.0.1:${ports.otlp + portOffset}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans: [span] }] }] }),
  });
  expect(response.status).toBe(200);
  return traceId;
}

async function spanNames(id: string): Promise<string[]> {
  return (await spansOf(running.url, id)).map(({ name }) => name);
}

/** The last answer, as soon as it is what is expected. */
async function eventually<T>(ask: () => Promise<T>, expected: T): Promise<T> {
  for (let tries = 0; ; tries++) {
    const answer = await ask();
    if (tries === 100 || JSON.stringify(answer) === JSON.stringify(expected)) return answer;
    await sleep(500);
  }
}
