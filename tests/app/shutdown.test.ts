import { spawn, type ChildProcess } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import { freePort } from "../support/gateway/ports";
import { inOrder, ScriptedGateway } from "../support/scripted-gateway";
import { startHarness } from "./harness";

const repository = join(__dirname, "..", "..");

test("a stopping agent finishes the answer under way, takes no new one, and leaves the conversation to others", async () => {
  const harness = await startHarness();
  const client = await harness.connect();
  harness.gateway.reset(inOrder({ text: "Still here.", delay: 700 }));
  const asked = client.callTool({ name: "ask", arguments: { question: "What is my spend?" } });
  while (harness.gateway.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const stopped = harness.agent.stop();
  await expect(fetch(new URL("/healthz", harness.url), { keepalive: false })).rejects.toThrow();
  expect(((await asked).structuredContent as { answer: string }).answer).toBe("Still here.");
  await stopped;
  expect(harness.ledger.closed).toBe(true);
  const events = harness.logs().map(({ event }) => event);
  expect(events).toEqual(expect.arrayContaining(["agent.stopping", "query.answered", "agent.stopped"]));
  expect([...harness.store.conversations.values()]).toMatchObject([
    { busy: false, history: [{ answer: "Still here." }] },
  ]);
  expect(harness.logs().at(-1)).toMatchObject({ event: "agent.stopped", cut_off: 0 });
  await harness.stop();
});

describe("the process", () => {
  test("starts from its environment, writes JSON lines only, and ends at SIGTERM with 0", async () => {
    const gateway = new ScriptedGateway();
    await gateway.start();
    const port = await freePort();
    const running = start({
      PORT: String(port),
      METRICS_PORT: String(await freePort()),
      HOST: "127.0.0.1",
      TOLLGATE_GATEWAY_URL: gateway.url,
      TOLLGATE_AGENT_KEY: "agent-key",
      TOLLGATE_LEDGER_URL: "postgres://ledger_agent:hunter2@127.0.0.1:9/ledger",
      TOLLGATE_ENVIRONMENT: "local",
      TOLLGATE_DATA_SOURCE: "sample",
    });
    const ready = await untilAnswered(`http://127.0.0.1:${port}/readyz`);
    expect(ready).toEqual({ status: "waiting", missing: ["ledger"] });
    running.child.kill("SIGTERM");
    const { exitCode, stdout, stderr } = await running.ended;
    await gateway.stop();
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toEqual(["agent.started", "agent.stopping", "agent.stopped"]);
    expect(stdout).not.toContain("hunter2");
  });

  test("an error that nothing catches is one line without its properties, and loses no span", async () => {
    let sent = "";
    const tempo = createServer((request, response) => {
      request
        .on("data", (part: Buffer) => (sent += part.toString("latin1")))
        .on("end", () => response.end("{}"));
    });
    await new Promise<void>((resolve) => tempo.listen(0, "127.0.0.1", resolve));
    // Breaks once the agent listens, with a span that is not sent yet.
    const script = `
      const { createRequire } = process.getBuiltinModule("node:module");
      const write = process.getBuiltinModule("node:fs").writeSync;
      process.getBuiltinModule("node:fs").writeSync = (fd, text, ...rest) => {
        if (text.includes("agent.started")) setTimeout(() => {
          createRequire(${JSON.stringify(__filename)})("@opentelemetry/api").trace.getTracer("t").startSpan("last words").end();
          const error = Object.assign(new TypeError("it broke"), { headers: { authorization: process.env.TOLLGATE_AGENT_KEY } });
          Promise.reject(error);
          throw error;
        });
        return write(fd, text, ...rest);
      };`;
    const { exitCode, stdout, stderr } = await start({
      PORT: String(await freePort()),
      METRICS_PORT: String(await freePort()),
      HOST: "127.0.0.1",
      TOLLGATE_GATEWAY_URL: "http://127.0.0.1:9",
      TOLLGATE_AGENT_KEY: "hunter2",
      TOLLGATE_LEDGER_URL: "postgres://ledger_agent:hunter2@127.0.0.1:9/ledger",
      TOLLGATE_ENVIRONMENT: "local",
      TOLLGATE_DATA_SOURCE: "sample",
      TEMPO_URL: `http://127.0.0.1:${(tempo.address() as { port: number }).port}`,
      NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}`,
    }).ended;
    tempo.close();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: "" });
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.slice(1)).toEqual([
      expect.objectContaining({
        level: "error",
        event: "agent.failed",
        err: { type: "TypeError", message: "it broke", stack: expect.stringMatching(/^ +at /) },
      }),
    ]);
    expect(stdout).not.toContain("hunter2");
    expect(sent).toContain("last words");
  });

  test("does not start with wrong settings, and says which", async () => {
    const { exitCode, stderr } = await start({ PORT: "http" }).ended;
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/cannot start[^]*PORT \("http"\)[^]*TOLLGATE_GATEWAY_URL \(unset\)/);
    expect(stderr).not.toMatch(/^ +at /m);
  });
});

interface Ended {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Starts the agent as `npm start` does, with nothing but these variables. */
function start(env: Record<string, string>): { child: ChildProcess; ended: Promise<Ended> } {
  const args = ["--import", "tsx", join(repository, "app", "main.ts")];
  const child = spawn(process.execPath, args, { cwd: repository, env: { PATH: process.env.PATH, ...env } });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr })),
  );
  return { child, ended };
}

async function untilAnswered(url: string): Promise<unknown> {
  for (let tries = 0; ; tries++) {
    try {
      return await (await fetch(url)).json();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
