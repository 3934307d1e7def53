import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { serviceEnvironment } from "../../local/processes/environment";
import { poll, startProcess, type Running } from "../../local/processes";
import { isAlive, recordOf } from "../../ops/workspace/state";

let folder: string;
const logFile = () => join(folder, "service.log");
const running: Running[] = [];

beforeAll(() => (folder = mkdtempSync(join(tmpdir(), "processes-"))));
afterEach(() => Promise.all(running.splice(0).map((each) => each.stop())));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a shell script that is ready once its log has the word. */
async function start(
  script: string,
  more: Partial<Parameters<typeof startProcess>[0]> = {},
): Promise<Running> {
  rmSync(logFile(), { force: true });
  const process = await startProcess({
    name: "service",
    url: "",
    port: 0,
    command: "bash",
    args: ["-c", script],
    logFile: logFile(),
    ready: poll(async () => log().includes("ready")),
    startupSeconds: 10,
    ...more,
  });
  running.push(process);
  return process;
}

const log = () => readFileSync(logFile(), "utf8");
const pidIn = (text: string) => Number(/pid (\d+)/.exec(text)?.[1]);
const isRunning = (pid: number) => recordOf(pid) !== undefined;

describe("a process", () => {
  it("that ends before it is ready is reported with its exit code and the end of its log", async () => {
    await expect(start("echo the reason >&2; exit 3")).rejects.toThrow(
      /service ended with exit code 3 before it was ready\. .*service\.log ends with:\nthe reason/,
    );
  });

  it("that is never ready is stopped and reported", async () => {
    await expect(start("echo pid $$; sleep 60", { startupSeconds: 0.5 })).rejects.toThrow(
      "service was not ready after 0.5 s",
    );
    expect(isRunning(pidIn(log()))).toBe(false);
  });

  it("that cannot be run is reported by its command", async () => {
    await expect(start("", { command: "/no/such/program" })).rejects.toThrow(
      "service did not start: /no/such/program cannot be run",
    );
  });

  it("is asked to stop before it is killed", async () => {
    const service = await start(
      `trap 'echo asked; exit 0' TERM; echo ready; while true; do sleep 0.05; done`,
    );
    await service.stop();
    expect(log()).toContain("asked");
    expect(await service.exited).toEqual({ code: 0, signal: null });
  });

  it("that does not listen is killed after its grace", async () => {
    const service = await start(`trap '' TERM; echo ready; while true; do sleep 0.05; done`, {
      graceSeconds: 0.3,
    });
    await service.stop();
    expect(await service.exited).toEqual({ code: null, signal: "SIGKILL" });
  });

  it("takes its workers along, also when it crashes", async () => {
    const service = await start("sleep 60 & echo pid $!; echo ready; wait");
    const worker = pidIn(log());
    expect(isRunning(worker)).toBe(true);
    process.kill(service.pid, "SIGKILL");
    await service.exited;
    await sleep(200);
    expect(isRunning(worker)).toBe(false);
  });

  it("may be stopped twice", async () => {
    const service = await start("echo ready; sleep 60");
    await Promise.all([service.stop(), service.stop()]);
    await service.stop();
    expect(isRunning(service.pid)).toBe(false);
  });

  it("inherits no key of the caller", async () => {
    process.env.SOME_API_KEY = "secret";
    await start(`echo "key: $SOME_API_KEY, own: $OWN"; echo ready; sleep 60`, { env: { OWN: "value" } });
    delete process.env.SOME_API_KEY;
    expect(log()).toContain("key: , own: value");
  });
});

it("reaches its neighbours directly, whatever proxy is set", () => {
  const { NO_PROXY, https_proxy } = process.env;
  Object.assign(process.env, { NO_PROXY: "intranet", https_proxy: "http://proxy:3128" });
  const env = serviceEnvironment();
  delete process.env.https_proxy;
  if (https_proxy) process.env.https_proxy = https_proxy;
  if (NO_PROXY) process.env.NO_PROXY = NO_PROXY;
  else delete process.env.NO_PROXY;
  expect(env.NO_PROXY).toBe("intranet,127.0.0.1,localhost");
  expect(env.https_proxy).toBe("http://proxy:3128");
});

describe("a process record", () => {
  it("is of that process and not of another with its pid", async () => {
    const service = await start("echo ready; sleep 60");
    const record = recordOf(service.pid)!;
    expect(isAlive(record)).toBe(true);
    expect(isAlive({ ...record, started: "another time" })).toBe(false);
    await service.stop();
    expect(isAlive(record)).toBe(false);
  });

  it("exists for no dead process", () => {
    const unused = 4_194_305; // above Linux's largest pid
    expect(existsSync(`/proc/${unused}`)).toBe(false);
    expect(recordOf(unused)).toBeUndefined();
  });
});
