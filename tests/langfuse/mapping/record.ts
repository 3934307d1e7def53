/** The requests with traces of `npm start`'s sample conversation, as agent and gateway sent them. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { repository } from "../../../ops/workspace/paths";
import type { Recorded } from "./langfuse";

/** Beside a stack that runs here. */
const PORT_OFFSET = 640;

/** The headers that Langfuse reads. */
const READ = /^(content-type|x-langfuse-sdk-)/;

/**
 * Holds the conversation on a separate stack. The bodies are compressed, as a sender may.
 *
 * @throws Error where the stack does not start or a check of it fails.
 */
export async function record(): Promise<Recorded[]> {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-record-"));
  const requests = join(folder, "requests");
  try {
    const env = {
      ...process.env,
      TOLLGATE_WORK_FOLDER: join(folder, "work"),
      TOLLGATE_OTLP_RECORD: requests,
    };
    const stack = program("local/start.ts", ["--port-offset", String(PORT_OFFSET)], env);
    const ended = once(stack, "close");
    try {
      await Promise.race([isUp(stack), ended.then(() => Promise.reject(new Error("npm start ended")))]);
      const eventful = program("tests/langfuse/mapping/eventful.ts", [], env);
      eventful.stdout.pipe(process.stdout, { end: false });
      const [code] = (await once(eventful, "close")) as [number | null];
      if (code !== 0) throw new Error(`eventful.ts ended with ${code}`);
    } finally {
      stack.kill("SIGTERM");
      await ended;
    }
    return readdirSync(requests)
      .sort()
      .map((file) => {
        const { headers, body } = JSON.parse(readFileSync(join(requests, file), "utf8")) as Recorded;
        const read = Object.entries(headers).filter(([name]) => READ.test(name));
        const packed = gzipSync(Buffer.from(body, "base64"), { level: 9 });
        return {
          headers: { ...Object.fromEntries(read), "content-encoding": "gzip" },
          body: packed.toString("base64"),
        };
      });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function program(file: string, args: string[], env: NodeJS.ProcessEnv) {
  return spawn(process.execPath, ["--import", "tsx", join(repository, file), ...args], {
    cwd: repository,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

/** Resolves once `npm start` has held its conversation and stays up. */
function isUp({ stdout }: ReturnType<typeof program>): Promise<void> {
  let said = "";
  return new Promise((resolve) => {
    stdout.on("data", (chunk: Buffer) => {
      process.stdout.write(chunk);
      said += String(chunk);
      if (said.includes("The stack is up.")) resolve();
    });
  });
}
