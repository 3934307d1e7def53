import { BigQuery } from "@google-cloud/bigquery";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PassThroughClient } from "google-auth-library";
import { freePort } from "../support/gateway/ports";

const ROOT = join(__dirname, "..", "..");
const VENV = join(ROOT, ".tollgate", "bigquery");
const PYTHON = join(VENV, "bin", "python");
const PACKAGES = ["bqemulator==1.4.0", "numpy==2.4.6"];

/** `describe`, or `describe.skip` with the reason printed where the emulator cannot be had. */
export function describeWithBigQuery(): jest.Describe {
  const missing = missingEmulator();
  if (missing) console.log(`Tests on the BigQuery emulator are skipped: ${missing}`);
  return missing ? describe.skip : describe;
}

function missingEmulator(): string | undefined {
  if (process.env.TOLLGATE_BIGQUERY !== "1") return "run them with npm run test:bigquery";
  if (existsSync(PYTHON) && spawnSync(PYTHON, ["-c", "import bqemulator, numpy"]).status === 0)
    return undefined;
  for (const [command, args] of [
    ["python3", ["-m", "venv", VENV]],
    [PYTHON, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...PACKAGES]],
  ] as const) {
    const run = spawnSync(command, args, { encoding: "utf8" });
    if (run.status !== 0) {
      const why = run.error?.message ?? run.stderr.trim().split("\n").at(-1);
      return `${PACKAGES[0]} (Python 3.11 or later) cannot be installed: ${why}`;
    }
  }
  return undefined;
}

/** BigQuery v2 as the emulator speaks it, and Google's own client for it. */
export class Emulator {
  private process?: ChildProcess;
  private output = "";
  bigquery!: BigQuery;

  constructor(private readonly project: string) {}

  async start(): Promise<void> {
    const [rest, grpc] = [await freePort(), await freePort()];
    const args = [
      "start",
      "--rest-port",
      String(rest),
      "--grpc-port",
      String(grpc),
      "--project",
      this.project,
    ];
    this.process = spawn(PYTHON, [join(__dirname, "emulator.py"), ...args], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.process.stdout!, this.process.stderr!]) {
      stream.on("data", (part: Buffer) => (this.output += part.toString()));
    }
    const url = `http://127.0.0.1:${rest}`;
    for (let tries = 0; !(await answers(`${url}/bigquery/v2/projects/${this.project}/datasets`)); tries++) {
      if (tries > 300 || this.process.exitCode !== null) {
        throw new Error(`the emulator does not start:\n${this.output.slice(-2_000)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    this.bigquery = new BigQuery({
      projectId: this.project,
      apiEndpoint: url,
      authClient: new PassThroughClient() as never,
    });
  }

  async stop(): Promise<void> {
    if (!this.process || this.process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.process!.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
  }
}

async function answers(url: string): Promise<boolean> {
  const answer = await fetch(url).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok ?? false;
}
