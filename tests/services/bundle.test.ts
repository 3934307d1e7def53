import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Metafile } from "esbuild";
import { catalogue, jobs, programs, type ProgramName } from "../../catalogue";
import { commands } from "../../cli/commands.mjs";
import { httpReady, startProcess, type Running } from "../../local/processes";
import { bundle } from "../../services/bundle";
import { freePort } from "../support/gateway/ports";
import { LangfuseApiStandIn } from "../support/langfuse";

// Far from the repository's packages, as in the image.
let folder: string;
let metafile: Metafile;
const running: Running[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-bundle-"));
  const built = join(folder, "built");
  metafile = await bundle(built);
  cpSync(built, join(folder, "srv"), { recursive: true });
  rmSync(built, { recursive: true });
}, 120_000);
afterAll(async () => {
  await Promise.all(running.map((each) => each.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const LEDGER = "postgresql://nobody:nothing@127.0.0.1:1/ledger";

async function start(name: ProgramName, path: string, env: Record<string, string>): Promise<Running> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = await startProcess({
    name,
    url,
    port,
    command: process.execPath,
    args: ["--enable-source-maps", `${name}.js`],
    cwd: join(folder, "srv"),
    env: { PORT: String(port), HOST: "127.0.0.1", TOLLGATE_LEDGER_URL: LEDGER, ...env },
    logFile: join(folder, `${name}.log`),
    ready: httpReady(url + path),
    startupSeconds: 60,
  });
  running.push(started);
  return started;
}

function run(name: ProgramName, args: string[], env: Record<string, string>) {
  const child = spawn(process.execPath, ["--enable-source-maps", `${name}.js`, ...args], {
    cwd: join(folder, "srv"),
    env: { PATH: process.env.PATH, ...env },
  });
  let said = "";
  child.stdout.on("data", (part) => (said += part));
  child.stderr.on("data", (part) => (said += part));
  return new Promise<{ code: number | null; said: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, said })),
  );
}

describe("the services' bundle", () => {
  test("has every program that the catalogue starts from its image, and needs no package", () => {
    const used = [...catalogue, ...jobs].filter(({ image }) => image === "agent");
    // An operator's command names its program itself.
    const remote = Object.values(commands).flatMap(({ remote }) => remote?.program ?? []);
    const started = used.flatMap(({ args = [] }) =>
      args.flatMap((arg) => (arg as { program?: string }).program ?? []),
    );
    // `tollgate drill` names the program of its check itself.
    expect([...new Set([...started, ...remote, "drill-check"])].sort()).toEqual(Object.keys(programs).sort());
    const external = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter((each) => each.external)
      .map(({ path }) => path.replace(/^node:/, ""))
      .filter((path) => !builtinModules.includes(path));
    // pg asks for it only where a program wants libpq in place of its own client.
    expect(new Set(external)).toEqual(new Set(["pg-native"]));
  });

  test("answers as the agent", async () => {
    const agent = await start("agent", "/healthz", {
      METRICS_PORT: String(await freePort()),
      TOLLGATE_GATEWAY_URL: "http://127.0.0.1:1",
      TOLLGATE_AGENT_KEY: "key",
      TOLLGATE_ENVIRONMENT: "dev",
      TOLLGATE_DATA_SOURCE: "gcp",
    });
    expect((await fetch(`${agent.url}/readyz`)).status).toBe(503);
  }, 60_000);

  test("answers as the ledger's exporter", async () => {
    const exporter = await start("ledger-exporter", "/healthz", {});
    expect(await (await fetch(`${exporter.url}/metrics`)).text()).toContain("tollgate_");
  }, 60_000);

  test("sets Langfuse up, with the bundled prompts and evaluators", async () => {
    const langfuse = await new LangfuseApiStandIn().start();
    const env = {
      LANGFUSE_PUBLIC_KEY: "pk-lf-test",
      LANGFUSE_SECRET_KEY: "sk-lf-test",
      LANGFUSE_HOST: langfuse.url,
    };
    const { code, said } = await run("langfuse-setup", [], env);
    await langfuse.stop();
    expect(said).toMatch(/^prompt \S+: created$/m);
    expect([code, said.split("\n").at(-2)]).toEqual([0, expect.stringMatching(/ 0 failed$/)]);
  }, 60_000);

  test("says what the margins need", async () => {
    const { code, said } = await run("langfuse-margins", [], {});
    expect([code, said]).toEqual([1, expect.stringContaining("TOLLGATE_LEDGER_URL is not set")]);
  }, 60_000);
});
