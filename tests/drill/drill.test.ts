import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import type { RunningPostgres } from "../../local/processes";
import { CloudSql } from "../../ops/drill/cloud-sql";
import { drill, type DrillOptions } from "../../ops/drill/drill";
import { bundle } from "../../services/bundle";
import { ApiError, serve, type Call, type Handler } from "../support/google-cloud/http";
import { sqlApi } from "../support/google-cloud/sql";
import { SqlClones } from "../support/google-cloud/sql-clones";
import { Store } from "../support/google-cloud/store";
import { startLedger } from "../support/ledger";
import { OperatorStandIn } from "../support/operators/stand-in";

const PROJECT = "projects/tollgate-prod";
const SOURCE = `${PROJECT}/instances/postgres-0a1b2c3`;
const OPERATOR = "group:platform@example.com";
/** The clone's address; its port is that of the ledger, as on Cloud SQL. */
const CLONE_HOST = "127.0.0.2";
const TIMING = { sqlPollMs: 20, sqlLimitMs: 30_000, job: { pollMs: 50, limitMs: 60_000 } };

let folder: string;
let postgres: RunningPostgres;
let operators: OperatorStandIn;
let google: { server: HttpServer; port: number };
let cloneServer: Server;
let store: Store;
let clones: SqlClones;
const log: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-drill-"));
  const image = join(folder, "srv");
  await bundle(image);
  ({ postgres } = await startLedger(folder));
  await sql("ledger", CALLS);

  operators = await new OperatorStandIn(`${PROJECT}/locations/europe-west1`, image).start();
  operators.grants = [
    { role: "roles/run.jobsExecutorWithOverrides", member: OPERATOR, on: "tollgate-admin" },
    { role: "roles/run.viewer", member: OPERATOR, on: "tollgate-admin" },
    { role: "roles/storage.objectViewer", member: OPERATOR, on: "tollgate-prod-answers" },
    {
      role: "roles/storage.objectUser",
      member: "serviceAccount:tollgate-admin",
      on: "tollgate-prod-answers",
    },
  ];
  operators.jobs.set("tollgate-admin", {
    account: "serviceAccount:tollgate-admin",
    env: {
      TOLLGATE_ANSWERS_BUCKET: "tollgate-prod-answers",
      TOLLGATE_LEDGER_READER_URL: postgres.urls.ledger_reader,
    },
  });
  process.env.GCE_METADATA_HOST = await operators.metadataOf(OPERATOR);
  process.env.METADATA_SERVER_DETECTION = "assume-present";

  store = new Store();
  clones = new SqlClones(store, {
    ipAddresses: [{ type: "PRIVATE", ipAddress: CLONE_HOST }],
    serverCaCert: { cert: "-----BEGIN CERTIFICATE-----\nclone\n-----END CERTIFICATE-----" },
  });
  google = await serve({ "sqladmin.googleapis.com/sql/v1beta4": onlyGranted(sqlApi(store, clones)) }, log);
  cloneServer = await serveClone(Number(new URL(postgres.urls.ledger_reader).port));
}, 180_000);

afterAll(async () => {
  cloneServer?.close();
  google?.server.close();
  await Promise.all([operators?.stop(), postgres?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  log.length = 0;
  clones.faults = {};
  clones.asked.length = 0;
  store.resources.clear();
  store.create(SOURCE, {
    name: "postgres-0a1b2c3",
    state: "RUNNABLE",
    settings: { activationPolicy: "ALWAYS", deletionProtectionEnabled: true },
  });
  await sql("postgres", ["drop database if exists cloned", "create database cloned template ledger"]);
});

/** What docs/bootstrap.md gives to who runs drills: on every instance, and on the clones of drills. */
const BOOTSTRAP = readFileSync(join(__dirname, "../../docs/bootstrap.md"), "utf8");
const permissionsOf = (role: string) =>
  new RegExp(`roles create ${role} [^]*?--permissions=(\\S+)`).exec(BOOTSTRAP)![1]!.split(",");
const ON_ALL = permissionsOf("tollgateDrill");
const ON_CLONES = permissionsOf("tollgateDrillClone");
const used = new Set<string>();

/** Google's list: https://cloud.google.com/sql/docs/postgres/iam-permissions */
function neededFor({ method, path }: Call): string {
  const verbs: Record<string, string> = { PATCH: "update", DELETE: "delete", POST: "clone" };
  const verb = verbs[method] ?? (path.at(-1) === "instances" ? "list" : "get");
  return `cloudsql.instances.${verb}`;
}

function onlyGranted(handler: Handler): Handler {
  return (call) => {
    const needed = neededFor(call);
    const onClone = ON_CLONES.includes(needed) && call.path[3]!.startsWith("tollgate-drill-");
    if (!ON_ALL.includes(needed) && !onClone) throw new ApiError(403, `${needed} denied`);
    used.add(needed);
    return handler(call);
  };
}

/** Calls of two months that are settled and booked, one a moment ago, and one of a gateway that was lost. */
const CALLS = [
  `insert into ledger.customers (customer_id, name, tier) select 'acme', 'Acme', tier from ledger.tiers limit 1`,
  `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, calls, updated_at)
   select 'acme', month, 'tier_1', 20000000000, spent, 2, now()
   from (values (date '2026-01-01', 3000), (ledger.month_of(now()), 900)) each (month, spent)`,
  `insert into ledger.sessions (customer_id, session_id, started_at, last_call_at) values ('acme', 's', now(), now())`,
  `insert into ledger.recent_calls (call_id, customer_id, month, session_id, plan_tier, query_type, tools_invoked, environment,
     route, model_asked, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens, reserved_at, lease_until, settled_at)
   select gen_random_uuid(), 'acme', month, 's', 'tier_1', 'simple', '{}', 'prod', 'simple', 'm', 'allowed', 'posted', outcome, 0, cost,
     1, 1, at, at, at
   from (values
     (date '2026-01-01', 1000, 'success', timestamptz '2026-01-05'), (date '2026-01-01', 2000, 'failure', timestamptz '2026-01-06'),
     (ledger.month_of(now()), 500, 'success', now()), (ledger.month_of(now()), 400, 'expired', now() - interval '1 hour')
   ) each (month, cost, outcome, at)`,
];

async function sql(database: string, statements: string[]): Promise<void> {
  const url = new URL(postgres.urls.postgres);
  url.pathname = `/${database}`;
  const client = new Client(url.href);
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The clone: a copy of the database on the same server, behind its own address. */
async function serveClone(port: number): Promise<Server> {
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => (client.destroy(), upstream.destroy()));
    client.once("data", (first) => {
      upstream.write(Buffer.from(first.toString("latin1").replace("\0ledger\0", "\0cloned\0"), "latin1"));
      client.pipe(upstream).pipe(client);
    });
  });
  await new Promise<void>((resolve) => server.listen(port, CLONE_HOST, resolve));
  return server;
}

const endpoint = () => `http://127.0.0.1:${google.port}/sqladmin.googleapis.com/`;
const instances = () => [...store.resources.keys()];

function run(options: Partial<DrillOptions> = {}) {
  const said: string[] = [];
  const place = { stack: "prod", project: "tollgate-prod", region: "europe-west1", runUrl: operators.url };
  const result = drill(
    { ...place, storageUrl: operators.url },
    { signal: new AbortController().signal, progress: (line) => said.push(line), ...options },
    TIMING,
    new CloudSql("tollgate-prod", endpoint()),
  );
  return Object.assign(result, { said });
}

/** The command as an operator starts it. */
function tollgate(...args: string[]) {
  const child: ChildProcess = spawn(
    process.execPath,
    [join(__dirname, "../../cli/tollgate.mjs"), "--stack", "prod", "drill", ...args],
    {
      env: {
        ...process.env,
        CLOUDSDK_API_ENDPOINT_OVERRIDES_SQL: endpoint(),
        CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: operators.url,
        STORAGE_EMULATOR_HOST: operators.url,
      },
    },
  );
  const said = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"] as const)
    child[stream]!.on("data", (part: Buffer) => (said[stream] += part.toString()));
  const ended = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, ...said })),
  );
  return { child, said, ended };
}

describe("tollgate drill", () => {
  it("restores the latest moment, finds the ledger's sums on the clone and deletes it with its protection", async () => {
    const { code, stdout, stderr } = await tollgate("--json").ended;
    expect([code, stderr]).toEqual([0, expect.stringContaining("Cloning postgres-0a1b2c3 as of")]);
    const result = JSON.parse(stdout) as Awaited<ReturnType<typeof drill>>;
    expect(result.differences).toEqual([]);
    // The call of this moment is within the margin, and the lost gateway's may still be corrected.
    expect(result.sums.months).toEqual([{ month: "2026-01", calls: "2", nanos: "3000" }]);
    expect(result.rpoSeconds).toBeGreaterThanOrEqual(90);
    expect(result.rtoSeconds).toBeGreaterThanOrEqual(result.cloneSeconds);
    expect(clones.asked).toEqual([result.restoredTo]);
    expect(instances()).toEqual([SOURCE]);
    expect(store.get(SOURCE)["settings"].deletionProtectionEnabled).toBe(true);
    expect(log.filter((line) => !line.startsWith("200"))).toEqual([]);
    expect([...used].sort()).toEqual([...ON_ALL, ...ON_CLONES].sort());
  }, 180_000);

  it("ends with 3 where the clone lacks calls, says which, and deletes it", async () => {
    await sql("cloned", ["delete from ledger.recent_calls where cost_nanos = 2000"]);
    const { code, stdout } = await tollgate().ended;
    expect(code).toBe(3);
    expect(stdout).toContain(
      "2026-01: the ledger has 2 calls of 3000 nano-dollars, the clone 1 calls of 1000 nano-dollars",
    );
    expect(stdout).toContain(
      "2026-01: the clone's calls add up to 1000 nano-dollars, and its customers have spent 3000",
    );
    expect(instances()).toEqual([SOURCE]);
  }, 120_000);

  it("deletes the clone once it is made when it is interrupted, and ends with 1", async () => {
    let made = () => {};
    clones.faults.cloneWaits = new Promise((resolve) => (made = resolve));
    const { child, said, ended } = tollgate();
    while (!log.some((line) => line.includes("/clone")))
      await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGTERM");
    while (!said.stderr.includes("Deleting")) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(instances()).toHaveLength(2);
    made();
    const { code, stderr } = await ended;
    expect([code, stderr]).toEqual([1, expect.stringContaining("Interrupted by SIGTERM")]);
    expect(instances()).toEqual([SOURCE]);
  }, 120_000);

  it("takes a moment, and refuses one that cannot be restored", async () => {
    const { restoredTo } = await run({ at: "2026-11-27T12:00:00Z", keep: true });
    expect([restoredTo, clones.asked]).toEqual(["2026-11-27T12:00:00Z", ["2026-11-27T12:00:00Z"]]);
    await expect(run({ at: "2126-11-27T12:00:00Z" })).rejects.toThrow(/--at "2126.*" must not be after/);
    const { code, stderr } = await tollgate("--at", "yesterday").ended;
    expect([code, stderr]).toEqual([2, expect.stringContaining("use a moment such as 2026-11-27T12:00:00Z")]);
  }, 60_000);

  it("leaves the clone with --keep, and says how to delete it", async () => {
    const running = run({ keep: true });
    const { clone } = await running;
    expect(instances()).toContain(`${PROJECT}/instances/${clone}`);
    expect(running.said.at(-1)).toContain(`gcloud sql instances delete ${clone} --project=tollgate-prod`);
  }, 60_000);

  it("deletes a clone that failed, and says why it did", async () => {
    clones.faults.cloneFails = "no capacity in the zone";
    await expect(run()).rejects.toThrow("CREATE_CLONE failed: INTERNAL_ERROR no capacity in the zone");
    expect(instances()).toEqual([SOURCE]);
  }, 60_000);

  it("deletes the clone when the check cannot be made", async () => {
    operators.broken = true;
    try {
      await expect(run()).rejects.toThrow("ended without an answer");
    } finally {
      operators.broken = false;
    }
    expect(instances()).toEqual([SOURCE]);
  }, 60_000);

  it("reports how to delete manually what it could not delete, in addition to the first error", async () => {
    clones.faults = { noDeletion: true, cloneFails: "no capacity in the zone" };
    await expect(run()).rejects.toThrow(
      /no capacity in the zone[^]*tollgate-drill-\S+ could not be deleted \(.* 500 \(internal error\).*\) and costs money: gcloud sql instances patch/,
    );
  }, 60_000);

  it("asks for nothing without an instance, or with one that sleeps", async () => {
    store.update(SOURCE, { settings: { activationPolicy: "NEVER" } });
    await expect(run()).rejects.toThrow("postgres-0a1b2c3 sleeps: `tollgate office wake --stack prod`");
    store.resources.clear();
    await expect(run()).rejects.toThrow("tollgate-prod has 0 instances postgres-*");
    expect(log.filter((line) => /POST|DELETE/.test(line))).toEqual([]);
  });
});
