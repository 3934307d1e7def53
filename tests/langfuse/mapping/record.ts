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
    const start = ["--import", "tsx", join(repository, "local/start.ts"), "--check"];
    const stack = spawn(process.execPath, [...start, "--port-offset", String(PORT_OFFSET)], {
      cwd: repository,
      env: { ...process.env, TOLLGATE_WORK_FOLDER: join(folder, "work"), TOLLGATE_OTLP_RECORD: requests },
      stdio: ["ignore", "inherit", "inherit"],
    });
    const [code] = (await once(stack, "close")) as [number | null];
    if (code !== 0) throw new Error(`npm start --check ended with ${code}`);
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
