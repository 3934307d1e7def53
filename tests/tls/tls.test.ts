import { execFile } from "node:child_process";
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { Client } from "pg";
import { postgresLedger } from "../../app/ledger/postgres-ledger";
import { databaseUrl, secretSources, service, type RoleName, type ServiceName } from "../../catalogue";
import { completeValues, rolePasswords } from "../../catalogue/secret-values";
import { envOf } from "../../catalogue/target";
import { startPostgres, type RunningPostgres } from "../../local/processes/postgres";
import type { Running } from "../../local/processes/process";
import { startRedis } from "../../local/processes/redis";
import { urlOfClone } from "../../ops/drill/sums";
import { withLedger } from "../../ops/ledger/connect";
import { createExporter } from "../../ops/ledger-exporter/server";
import { readMoney } from "../../ops/langfuse/margins/ledger";
import { paths } from "../../ops/workspace/paths";
import { withClient } from "../../ops/workspace/pg-client";
import { freePort } from "../support/gateway/ports";
import { privateCertificates, terminateTls } from "../support/tls";

const folder = mkdtempSync(join(tmpdir(), "tollgate-tls-"));
const foreign = privateCertificates(folder, "foreign", "other:instance");
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a program; rejects with what it wrote to its standard error. */
async function run(command: string, args: string[], env: Record<string, string>): Promise<string> {
  try {
    return (await promisify(execFile)(command, args, { env: { PATH: process.env["PATH"], ...env } })).stdout;
  } catch (error) {
    throw new Error((error as { stderr?: string }).stderr || String(error), { cause: error });
  }
}

/** What the guard's Python needs. */
const guard = {
  PYTHONPATH: paths.guard,
  PYTHONUNBUFFERED: "1",
  TOLLGATE_GUARD_CONFIG: join(paths.generated, "gateway", "guard.json"),
};

const migrateLedger = (url: string) =>
  run(paths.python, ["-m", "tollgate_guard.migrate"], { ...guard, TOLLGATE_LEDGER_OWNER_URL: url });

describe("Postgres with the certificate of Cloud SQL: its own authority, no host name", () => {
  const own = privateCertificates(folder, "sql", "tollgate-dev:postgres");
  const values = completeValues({});
  let postgres: RunningPostgres;
  beforeAll(async () => {
    const port = await freePort();
    const dataDir = join(folder, "data");
    chmodSync(folder, 0o755);
    postgres = await startPostgres({ port, dataDir, logFile: join(folder, "postgres.log"), values });
    await migrateLedger(postgres.urls.ledger_owner);
    const { uid, gid } = statSync(dataDir);
    chownSync(own.key, uid, gid);
    chmodSync(own.key, 0o600);
    const admin = new Client(postgres.urls.postgres);
    await admin.connect();
    await admin.query(`ALTER SYSTEM SET ssl_cert_file = '${own.certificate}'`);
    await admin.query(`ALTER SYSTEM SET ssl_key_file = '${own.key}'`);
    await admin.query("ALTER SYSTEM SET ssl = on");
    await admin.query("COPY (VALUES ('hostssl all all all scram-sha-256')) TO PROGRAM 'cat > pg_hba.conf'");
    await admin.query("SELECT pg_reload_conf()");
    await admin.end();
  }, 120_000);
  afterAll(() => postgres?.stop());

  /** The URL that the stack would put into a secret of this role. */
  function url(role: RoleName, ca: string): string {
    const [, source] =
      secretSources.find(([, each]) => "databaseUrl" in each && each.databaseUrl === role) ?? [];
    if (!source || !("databaseUrl" in source)) throw new Error(`no secret has the URL of ${role}`);
    const password = rolePasswords(values)[role];
    return databaseUrl(role, source.client, { host: "127.0.0.1", port: postgres.port, password, ca });
  }

  const clients: Record<string, (ca: string) => Promise<unknown>> = {
    agent: async (ca) => {
      const ledger = postgresLedger(url("ledger_agent", ca), () => undefined);
      try {
        await ledger.ping();
      } finally {
        await ledger.close();
      }
    },
    exporter: async (ca) => {
      let why: Error | undefined;
      const exporter = createExporter({
        ledgerUrl: url("ledger_reader", ca),
        onChange: (_up: boolean, error?: Error) => (why = error),
      });
      await new Promise<void>((resolve) => exporter.server.listen(0, "127.0.0.1", resolve));
      const { port } = exporter.server.address() as AddressInfo;
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      await exporter.close();
      if (why) throw why;
      expect(text).toMatch(/^tollgate_ledger_up(\{.*\})? 1$/m);
    },
    customers: async (ca) => {
      process.env["TOLLGATE_LEDGER_URL"] = url("ledger_admin", ca);
      try {
        await withLedger((ledger) => ledger.query("SELECT 1"));
      } finally {
        delete process.env["TOLLGATE_LEDGER_URL"];
      }
    },
    "the drill's check of a clone, whose authority is not the ledger's,": (ca) =>
      withClient(urlOfClone(url("ledger_reader", foreign.ca), "127.0.0.1", readFileSync(ca)), (client) =>
        client.query("SELECT 1"),
      ),
    margins: (ca) => readMoney(url("ledger_reader", ca)),
    migrate: (ca) => migrateLedger(url("ledger_owner", ca)),
    guard: (ca) =>
      run(
        paths.python,
        [
          "-c",
          `
import asyncio
from tollgate_guard import ledger
async def main():
    pool = await ledger._open_pool(1)
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
asyncio.run(main())
`,
        ],
        { ...guard, TOLLGATE_LEDGER_URL: url("ledger_guard", ca) },
      ),
    psql: async (ca) => {
      const env = { PGHOST: "127.0.0.1", PGPORT: String(postgres.port), PGUSER: "postgres" };
      const ssl = {
        PGSSLMODE: "verify-ca",
        PGSSLROOTCERT: ca,
        PGPASSWORD: values["postgres-admin-password"]!,
      };
      expect(await run("psql", ["--no-psqlrc", "-Atc", "SELECT 1", "ledger"], { ...env, ...ssl })).toBe(
        "1\n",
      );
    },
  };

  it.each(Object.keys(clients))("%s connects", async (name) => {
    await clients[name]!(own.ca);
  });

  it.each(Object.keys(clients))("%s refuses a server whose authority is another", async (name) => {
    await expect(clients[name]!(foreign.ca)).rejects.toThrow(
      /unable to verify the first certificate|unable to get local issuer|certificate verify failed|self.signed/i,
    );
  });

  it("refuses who does not encrypt", async () => {
    const plain = new Client(postgres.urls.ledger_agent);
    await expect(plain.connect()).rejects.toThrow(/no pg_hba.conf entry|no encryption/);
  });
});

describe("Redis with the certificate of Memorystore: its own authority, the address in the common name only", () => {
  const own = privateCertificates(folder, "redis", "10.20.0.3");
  const password = "a-password-of-one-test";
  let redis: Running;
  let tls: Awaited<ReturnType<typeof terminateTls>>;
  beforeAll(async () => {
    const port = await freePort();
    redis = await startRedis({
      port,
      dataDir: join(folder, "redis"),
      password,
      logFile: join(folder, "redis.log"),
    });
    tls = await terminateTls(own, port);
  }, 60_000);
  afterAll(async () => {
    await tls?.close();
    await redis?.stop();
  });

  /** Settings of a service on Google Cloud that say how it checks its Redis, with this authority. */
  function settings(
    name: ServiceName,
    prefix: string,
    caVariable: string,
    ca: string,
  ): Record<string, string> {
    const all = Object.entries(envOf(service(name), "gcp")).filter(
      (entry): entry is [string, string] => entry[0].startsWith(prefix) && typeof entry[1] === "string",
    );
    expect(all.map(([variable]) => variable)).toContain(caVariable);
    return { ...Object.fromEntries(all), [caVariable]: ca };
  }

  /** LiteLLM's own client for its cache and its router. */
  function liteLlm(environment: Record<string, string>): Promise<string> {
    return run(
      paths.python,
      [
        "-c",
        `
import asyncio
from litellm._redis import get_redis_async_client, get_redis_client
assert get_redis_client().ping()
async def main():
    assert await get_redis_async_client().ping()
asyncio.run(main())
print("pong")
`,
      ],
      { ...environment, REDIS_HOST: "127.0.0.1", REDIS_PORT: String(tls.port), REDIS_PASSWORD: password },
    );
  }

  /** ioredis as Langfuse makes it of its environment (langfuse/langfuse, packages/shared/src/server/redis/redis.ts). */
  async function langfuse(environment: Record<string, string>): Promise<string> {
    let why: Error | undefined;
    const client = new Redis({
      host: "127.0.0.1",
      port: tls.port,
      password,
      lazyConnect: true,
      retryStrategy: () => null,
      tls: {
        ca: readFileSync(environment["REDIS_TLS_CA_PATH"]!),
        ...(environment["REDIS_TLS_CHECK_SERVER_IDENTITY"] === "false"
          ? { checkServerIdentity: () => undefined }
          : {}),
      },
    });
    client.on("error", (error: Error) => (why = error));
    try {
      await client.connect();
      return await client.ping();
    } catch (error) {
      throw why ?? error;
    } finally {
      client.disconnect();
    }
  }

  const gateway = (ca: string) => settings("gateway", "REDIS_SSL", "REDIS_SSL_CA_CERTS", ca);
  const worker = (ca: string) => settings("langfuse-worker", "REDIS_TLS", "REDIS_TLS_CA_PATH", ca);

  it("LiteLLM's cache connects, and refuses another authority", async () => {
    expect(await liteLlm(gateway(own.ca))).toBe("pong\n");
    await expect(liteLlm(gateway(foreign.ca))).rejects.toThrow(/certificate verify failed/i);
  }, 120_000);

  it("Langfuse's queue connects, and refuses another authority", async () => {
    expect(await langfuse(worker(own.ca))).toBe("PONG");
    await expect(langfuse(worker(foreign.ca))).rejects.toThrow(/unable to verify|self.signed/);
  });

  it("neither would with the check of the host's name", async () => {
    const checked = without(gateway(own.ca), "REDIS_SSL_CHECK_HOSTNAME");
    await expect(liteLlm(checked)).rejects.toThrow(/certificate verify failed|hostname|IP address mismatch/i);
    const strict = without(worker(own.ca), "REDIS_TLS_CHECK_SERVER_IDENTITY");
    await expect(langfuse(strict)).rejects.toThrow(/does not match certificate/);
  }, 120_000);
});

function without(environment: Record<string, string>, name: string): Record<string, string> {
  return Object.fromEntries(Object.entries(environment).filter(([each]) => each !== name));
}
