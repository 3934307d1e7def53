import type { LangfuseAccess } from "./langfuse";
import { startNodeService } from "./node-service";
import type { Running } from "./process";

export interface OtlpSinkOptions {
  port: number;
  /** The key pair that senders must show. */
  publicKey: string;
  secretKey: string;
  /** Where traces are kept, as JSON lines. */
  tracesDir: string;
  logFile: string;
}

export interface RunningOtlpSink extends Running {
  /** What `startGateway` and `startAgent` take. */
  access: LangfuseAccess;
}

/** Starts the OTLP sink that stands in Langfuse's place. */
export async function startOtlpSink(options: OtlpSinkOptions): Promise<RunningOtlpSink> {
  const { port, publicKey, secretKey, tracesDir, logFile } = options;
  const running = await startNodeService({
    name: "otlp-sink",
    folder: "local/otlp-sink",
    port,
    env: { LANGFUSE_PUBLIC_KEY: publicKey, LANGFUSE_SECRET_KEY: secretKey, TOLLGATE_TRACES_DIR: tracesDir },
    logFile,
    readyPath: "/api/public/health",
  });
  return { ...running, access: { url: running.url, publicKey, secretKey } };
}
