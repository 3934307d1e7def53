import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { TraceStore } from "../../local/otlp-sink/store";
import { recordedSpans, shapeOf } from "../langfuse/mapping/recorded";
import type { StackState } from "../../ops/workspace/state";

/** `npm start` and the commands beside it, as a newcomer runs them, in a separate folder and on separate ports. */
const PORT_OFFSET = 21_000;
const root = join(__dirname, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "tollgate-start-"));
const env = { ...process.env, TOLLGATE_WORK_FOLDER: folder };
delete (env as NodeJS.ProcessEnv).ANTHROPIC_API_KEY;
delete (env as NodeJS.ProcessEnv).TOLLGATE_PROVIDER_URL;

interface Command {
  process: ChildProcess;
  output: () => string;
  exited: Promise<number | null>;
}

function command(entry: string, ...args: string[]): Command {
  const child = spawn(process.execPath, ["--import", "tsx", join(root, entry), ...args], { cwd: root, env });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  return {
    process: child,
    output: () => said,
    exited: new Promise((resolve) => child.once("close", resolve)),
  };
}

async function run(entry: string, ...args: string[]): Promise<{ code: number | null; output: string }> {
  const started = command(entry, ...args);
  const code = await started.exited;
  return { code, output: started.output() };
}

const start = (...args: string[]) => command("local/start.ts", "--port-offset", String(PORT_OFFSET), ...args);

async function until(what: string, isTrue: () => boolean, stack: Command, seconds = 120): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!isTrue()) {
    if (Date.now() > deadline || stack.process.exitCode !== null) {
      throw new Error(`It never came to "${what}":\n${stack.output()}`);
    }
    await sleep(200);
  }
}

const state = () => JSON.parse(readFileSync(join(folder, "state.json"), "utf8")) as StackState;

async function spentByTheSample(): Promise<number> {
  const { output } = await run("ops/customers/main.ts", "usage", "sample", "--json");
  return (JSON.parse(output) as { customers: { spentNanos: number }[] }).customers[0]!.spentNanos;
}

let stack: Command | undefined;

afterAll(async () => {
  if (stack && stack.process.exitCode === null) {
    stack.process.kill("SIGTERM");
    await stack.exited;
  }
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

describe("the stack on this machine", () => {
  let spentBefore: number;

  it("starts, holds its sample conversation and says what it cost", async () => {
    stack = start();
    await until("The stack is up", () => stack!.output().includes("The stack is up"), stack);
    const output = stack.output();
    expect(output).toMatch(/^ gateway +http:\/\/127\.0\.0\.1:25000 +running$/m);
    expect(output).toMatch(/^ clickhouse +off: ClickHouse's server is in no package registry$/m);
    expect(output).toMatch(
      /left of this conversation \$0\.\d+ of \$0\.50, of this month \$17\.\d+ of \$18\.00/,
    );
    expect(statSync(join(folder, "secrets.json")).mode & 0o777).toBe(0o600);
    // Not on a terminal: no colours.
    expect(output).not.toContain("\u001b[");
  }, 180_000);

  it("refuses a second start in the same folder", async () => {
    const second = start();
    expect(await second.exited).toBe(1);
    expect(second.output()).toContain(`runs already (pid ${state().supervisor.pid})`);
    expect(stack!.process.exitCode).toBeNull();
  });

  it("answers `npm run ask` with an answer that cost something", async () => {
    const before = await spentByTheSample();
    const { code, output } = await run(
      "local/ask.ts",
      `It is ${Date.now()}. What did Compute Engine cost us?`,
    );
    expect(output).toMatch(/\d LLM calls/);
    expect(code).toBe(0);
    expect(await spentByTheSample()).toBeGreaterThan(before);
  });

  it("starts a crashed service again and says so", async () => {
    const { pid } = state().services.gateway!;
    process.kill(pid, "SIGKILL");
    await until(
      "gateway is back",
      () => /ended +gateway: SIGKILL[^]*ready +gateway/.test(stack!.output()),
      stack!,
    );
    expect(state().services.gateway).toMatchObject({ port: 25_000 });
    expect(state().services.gateway!.pid).not.toBe(pid);
  }, 120_000);

  it("cleans up after a crash, finds its data again, and proves it with --check", async () => {
    spentBefore = await spentByTheSample();
    const { pid } = state().services.postgres!;
    stack!.process.kill("SIGKILL");
    await stack!.exited;
    expect(() => process.kill(pid, 0)).not.toThrow();

    const checked = start("--check");
    const code = await checked.exited;
    const output = checked.output();
    expect(output).toContain("Stopped postgres, which an earlier run had left behind");
    expect(output).toContain("ok      the ledger has what the simulator billed, to the nano-dollar");
    expect(output).not.toContain("FAILED");
    expect(code).toBe(0);
    expect(output).toContain("Stopped. The data is kept");
    // The first conversation's cost is still there, and the second one's came on top.
    const left = [...output.matchAll(/of this month \$(17\.\d+) of/g)].map(([, dollars]) => Number(dollars));
    expect(left.at(-1)).toBeLessThan(18 - spentBefore / 1e9);
  }, 240_000);

  it("sent all its traces before it stopped, as they were when Langfuse's own code was checked on them", () => {
    expect(shapeOf(new TraceStore(join(folder, "traces")).spans())).toEqual(shapeOf(recordedSpans()));
  });

  it("leaves nothing running", () => {
    expect(() => state()).toThrow("ENOENT");
  });
});

describe("what stops a start", () => {
  it("a taken port, by name and number, with the remedy", async () => {
    const server = createServer().listen(PORT_OFFSET + 4000, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, output } = await run("local/start.ts", "--port-offset", String(PORT_OFFSET));
    server.close();
    expect(code).toBe(1);
    expect(output).toContain(`port 25000 (gateway) is taken`);
    expect(output).toContain("--port-offset");
    expect(output).not.toContain("ready");
  });

  it.each([
    [["--port-offset", "-1"], {}, 2, "use a whole number from 0 to 50000"],
    [["--port-offset", "3000"], {}, 1, "port 6000 (otlp-sink) is one that browsers and Node refuse to open"],
    [["--frob"], {}, 2, "unknown option"],
    [[], { TOLLGATE_GATEWAY_WORKERS: "many" }, 1, 'TOLLGATE_GATEWAY_WORKERS (is "many")'],
    [[], { TOLLGATE_PROVIDER_URL: "localhost:8000" }, 1, 'TOLLGATE_PROVIDER_URL (is "localhost:8000")'],
  ])("%j with %j", async (args, variables, code, message) => {
    Object.assign(env, variables);
    const result = await run("local/start.ts", ...args);
    for (const name of Object.keys(variables)) delete (env as NodeJS.ProcessEnv)[name];
    expect(result.output).toContain(message);
    expect(result.code).toBe(code);
  });

  it("commands without a running stack say how to start it", async () => {
    for (const [entry, ...args] of [
      ["local/ask.ts", "hello"],
      ["ops/customers/main.ts", "list"],
    ] as const) {
      const { code, output } = await run(entry, ...args);
      expect(output).toContain("start it with `npm start`");
      expect(code).toBe(1);
    }
  });
});
