import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requireTool } from "../../local/processes";
import { eventually, freePort } from "../support/gateway";

const script = join(__dirname, "..", "..", "infra", "config-files", "prometheus", "keep.sh");
const folder = mkdtempSync(join(tmpdir(), "tollgate-keep-"));
const [data, kept] = [join(folder, "data"), join(folder, "kept")];
let port: number;
let running: ChildProcess | undefined;

beforeAll(async () => {
  port = await freePort();
  mkdirSync(kept);
  writeFileSync(
    join(folder, "prometheus.yml"),
    `global: {evaluation_interval: 1s}\nrule_files: [${folder}/rules.yml]\n`,
  );
  const rules = [
    { record: "test:answer", expr: "vector(42)" },
    { alert: "Waits", expr: "vector(1)", for: "5m" },
  ];
  writeFileSync(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "test", rules }] }));
});
afterEach(async () => {
  if (running?.exitCode === null) await stop(running);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function start(seconds = 3600): Promise<ChildProcess> {
  const program = [
    requireTool("prometheus"),
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--web.enable-admin-api",
    "--rules.alert.for-grace-period=1m",
  ];
  const url = `http://127.0.0.1:${port}`;
  running = spawn("sh", [script, data, kept, url, String(seconds), ...program], { stdio: "ignore" });
  await eventually("Prometheus", async () => (await get("/-/ready").catch(() => undefined))?.ok);
  return running;
}

const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);

async function value(query: string): Promise<number | undefined> {
  const { data } = (await (await get(`/api/v1/query?query=${encodeURIComponent(query)}`)).json()) as {
    data: { result: { value: [number, string] }[] };
  };
  const found = data.result[0]?.value[1];
  return found === undefined ? undefined : Number(found);
}

/** Ends it as Cloud Run does, and gives its exit code. */
function stop(process: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => {
    process.once("exit", resolve);
    process.kill("SIGTERM");
  });
}

const blocks = () => readdirSync(kept).filter((name) => existsSync(join(kept, name, "meta.json")));

describe("Prometheus where its disk is memory", () => {
  it("goes on after a replacement with its samples and the timers of its alerts", async () => {
    const first = await start();
    const since = await eventually("the alert's timer", () => value('ALERTS_FOR_STATE{alertname="Waits"}'));
    expect(await stop(first)).toBe(0);
    expect(blocks()).toHaveLength(1);
    rmSync(data, { recursive: true });

    const second = await start();
    const before = await eventually("the earlier samples", () => value(`count_over_time(test:answer[5m])`));
    expect(before).toBeGreaterThanOrEqual(1);
    await eventually(
      "the timer as it was",
      async () => (await value('ALERTS_FOR_STATE{alertname="Waits"}')) === since,
    );
    expect(await stop(second)).toBe(0);
  });

  it("keeps copies while it runs, each block once and nothing of those that are gone", async () => {
    rmSync(data, { recursive: true, force: true });
    // An earlier copy that was cut short, and a block that Prometheus no longer has.
    const [whole] = blocks();
    cpSync(join(kept, whole!), join(kept, "01AAAAAAAAAAAAAAAAAAAAAAAA"), { recursive: true });
    rmSync(join(kept, "01AAAAAAAAAAAAAAAAAAAAAAAA", "meta.json"));
    await start(1);
    await eventually("a new copy", () => Promise.resolve(blocks().length > 1));
    await eventually("the end of the broken one", () =>
      Promise.resolve(!readdirSync(kept).includes("01AAAAAAAAAAAAAAAAAAAAAAAA")),
    );
    expect(blocks()).toContain(whole);
    expect(existsSync(join(data, "01AAAAAAAAAAAAAAAAAAAAAAAA"))).toBe(false);
  });
});
