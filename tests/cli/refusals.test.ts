import { LangfuseClient } from "@langfuse/client";
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PassThroughClient } from "google-auth-library";
import { CatalogClient } from "../../ops/cost/catalog/client";
import { askJson, examine, exitCodeOf } from "../../ops/doctor/check";
import { previewEvents } from "../../ops/drift/preview";
import { CloudSql } from "../../ops/drill/cloud-sql";
import { deployedDigests } from "../../ops/images/deployed";
import { digestOf } from "../../ops/images/pin";
import { applySetup } from "../../ops/langfuse/apply";
import { explain } from "../../ops/langfuse/errors";
import { Journal } from "../../ops/langfuse/journal";
import { withLedgerAt } from "../../ops/ledger/connect";
import { runNow } from "../../ops/office/run";
import { GoogleCloudRun } from "../../ops/promote/google";
import { askClickHouse } from "../../ops/query/clickhouse";
import { askPrometheus } from "../../ops/query/prometheus";
import { GOOGLE_TIMING } from "../../ops/remote/google-api";
import { runInStack } from "../../ops/remote/run";
import { StorageObjects } from "../../ops/remote/storage";
import { FAULTS, FaultyServer, SECRET, type Fault } from "../support/faulty-server";
import { NODE_ARGS } from "../support/run-command";

const EXECUTION = "projects/p/locations/r/jobs/tollgate-admin/executions/tollgate-admin-x";

const faulty = new FaultyServer();
let folder: string;
/** Where nothing listens. */
let gone: string;
const { PATH } = process.env;

beforeAll(async () => {
  gone = (await new FaultyServer().start().then(async (server) => (await server.stop(), server))).url;
  await faulty.start();
  process.env.GCE_METADATA_HOST = `127.0.0.1:${faulty.port}`;
  process.env.METADATA_SERVER_DETECTION = "assume-present";
  Object.assign(GOOGLE_TIMING, { pauseMs: 1, timeoutMs: 200 });
  folder = mkdtempSync(join(tmpdir(), "tollgate-refusals-"));
});
afterAll(async () => {
  process.env.PATH = PATH;
  await faulty.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  faulty.met = 0;
  faulty.right = () => undefined;
});

const run = (signal?: AbortSignal, url = faulty.url) =>
  runInStack(
    { job: "admin", program: "customers", args: ["list"] },
    { stack: "dev", project: "p", region: "r", runUrl: url, storageUrl: url },
    { pollMs: 1, limitMs: 300 },
    signal,
  );
const started = (request: string) =>
  request.endsWith(":run") ? { metadata: { name: EXECUTION } } : undefined;
const ended = (request: string) =>
  started(request) ?? (request.endsWith(EXECUTION) ? { completionTime: "2026-11-28T12:00:00Z" } : undefined);

interface Caller {
  call: (url: string) => Promise<unknown>;
  right?: FaultyServer["right"];
  /** What each message says, whatever came back. */
  says?: RegExp;
  /** What a fault means to this caller in particular. */
  of?: Partial<Record<Fault, RegExp | "fine">>;
  /** How often a request is sent that met 503. */
  attempts: number;
}

const LATER = /try again later/;
const CALLERS: Record<string, Caller> = {
  "a job's start": {
    call: (url) => run(undefined, url),
    attempts: 1,
    of: {
      403: /^Your account may not run tollgate-admin in dev \(because 403\): name it under tollgate:admins/,
      404: /^dev has no job tollgate-admin: `pulumi up --stack dev` makes it$/,
      500: /The command may run nevertheless: look at `gcloud run jobs executions list --job=tollgate-admin --region=r --project=p` before you repeat it$/,
      503: /may run nevertheless/,
      cut: /may run nevertheless/,
      reset: /may run nevertheless/,
      hang: /may run nevertheless/,
      page: /may run nevertheless/,
    },
  },
  "a job's state": {
    call: (url) => run(undefined, url),
    right: started,
    attempts: 4,
    says: /tollgate-admin-x|see the runs of tollgate-admin in dev/,
    of: {
      401: /tollgate-admin-x goes on, and its answer is lost: gcloud logging read /,
      hang: /tollgate-admin-x has not answered in 0.3 s \(.* does not answer/,
    },
  },
  "a job's answer": {
    call: (url) => run(undefined, url),
    right: ended,
    attempts: 4,
    of: {
      403: /^Your account may not read the answers of dev/,
      // None yet, and then none.
      404: /tollgate-admin-x ended without an answer \(no reason given\): gcloud logging read /,
      page: /^The answer of .*tollgate-admin-x cannot be read: is the services' image in the stack older or newer/,
      empty: /cannot be read/,
      null: /cannot be read/,
      list: /cannot be read/,
      number: /cannot be read/,
      "other types": /cannot be read/,
    },
  },
  "an object of Cloud Storage": {
    call: (url) => new StorageObjects(url).create("p-answers", "id", "text"),
    attempts: 4,
    // What an upload answers is not looked at.
    of: { page: "fine", empty: "fine", null: "fine", list: "fine", number: "fine", "other types": "fine" },
  },
  "the instances of Cloud SQL": { call: (url) => new CloudSql("p", url).list(), attempts: 4 },
  "a clone": {
    call: (url) => new CloudSql("p", url).clone("a", "b", "2026-11-28T12:00:00Z"),
    attempts: 1,
  },
  "a schedule of office hours": {
    call: (url) => runNow({ id: "projects/p/locations/r/jobs/tollgate-wake-x", sleeper: "x" }, url),
    attempts: 4,
    says: /^projects\/p\/locations\/r\/jobs\/tollgate-wake-x was not run \(/,
    of: {
      403: /because 403\): ask for roles\/cloudscheduler.jobRunner/,
      404: /because 404\): `pulumi up` makes/,
      page: "fine",
      empty: "fine",
      null: "fine",
      list: "fine",
      number: "fine",
      "other types": "fine",
    },
  },
  "Google's price list": {
    call: (url) => new CatalogClient(url).services(),
    attempts: 4,
    of: {
      403: /^Your account may not read Google's price list \(because 403\): `gcloud services enable cloudbilling/,
    },
  },
  "Cloud Run's services": {
    call: (url) => {
      const { hostname: apiEndpoint, port, protocol } = new URL(url);
      const authClient = new PassThroughClient() as never;
      return new GoogleCloudRun(
        { project: "p", region: "r" },
        { protocol: protocol.slice(0, -1), apiEndpoint, port: Number(port), authClient },
        { pauseMs: 1, timeoutMs: 200 },
      ).services();
    },
    attempts: 4,
    says: /^Cloud Run/,
    // Google's client reads these as an answer without services, which a promotion refuses.
    of: { list: "fine", number: "fine" },
  },
  Prometheus: {
    call: (url) => askPrometheus(["up"], url),
    attempts: 1,
    says: /^Prometheus (answers \d+ to up|at 127\.0\.0\.1:\d+ does not answer)/,
    of: {
      401: /Prometheus answers 401/,
      403: /403/,
      409: /409/,
      429: /429/,
      500: /500/,
      503: /503/,
      "page 502": /502/,
      hang: "fine",
    },
  },
  ClickHouse: {
    call: (url) => askClickHouse("SELECT 1", { url, user: "langfuse", password: SECRET }),
    attempts: 1,
    says: /^ClickHouse (answers (\d+|without rows to SELECT 1): |at 127\.0\.0\.1:\d+ does not answer)/,
    of: {
      ...Object.fromEntries(
        [401, 403, 409, 429, 500, 503].map((status) => [
          status,
          new RegExp(`^ClickHouse answers ${status}: `),
        ]),
      ),
      "page 502": /^ClickHouse answers 502: /,
      page: /^ClickHouse answers without rows to SELECT 1: /,
      cut: /^ClickHouse at 127\.0\.0\.1:\d+ does not answer/,
      // After a minute, as the statement may take one.
      hang: "fine",
    },
  },
  "Docker Hub": {
    call: (url) => digestOf("grafana/loki", "3", (_, init) => fetch(url, init)),
    attempts: 1,
    says: /^grafana\/loki:3: /,
    of: {
      ...Object.fromEntries(
        [401, 403, 409].map((status) => [
          status,
          new RegExp(`no token from Docker Hub \\(${status}\\): try`),
        ]),
      ),
      // After thirty seconds.
      hang: "fine",
    },
  },
  Langfuse: {
    call: (url) => {
      const client = new LangfuseClient({ publicKey: "pk", secretKey: SECRET, baseUrl: url });
      return applySetup(client.api, new Journal(false)).catch((error: unknown) => {
        throw new Error(explain(error, url));
      });
    },
    attempts: 1,
    of: {
      401: /^Langfuse at http\S+ refuses the keys \(401\): set LANGFUSE_PUBLIC_KEY/,
      403: /refuses the keys \(403\)/,
      ...Object.fromEntries(
        ["page", "empty", "null", "list", "number", "other types"].map((fault) => [
          fault,
          /does not answer as Langfuse does: correct --host/,
        ]),
      ),
      // Each part has its own line in the journal; those that pass are tried again for seconds.
      ...Object.fromEntries([404, 409, 429, 500, 503, "page 502", "hang"].map((fault) => [fault, "fine"])),
    },
  },
};

/** What every caller says of a fault, unless it means something in particular. */
const GENERAL: Record<Fault, RegExp> = {
  401: /because 401.*`gcloud auth application-default login`/,
  403: /403.*: ask for the permission|may not/,
  404: /404/,
  409: /409.*: somebody else changes it: try again/,
  429: LATER,
  500: LATER,
  503: LATER,
  page: /does not answer as its API does|no JSON came back|answers 200|no token/,
  "page 502": LATER,
  empty: /./,
  null: /./,
  list: /./,
  number: /./,
  "other types": /./,
  cut: /does not answer|try again|cannot be read|answers 200|no token/,
  reset: /does not answer|try again/,
  hang: /does not answer|no answer in/,
};

/** What a message must not have: a programmer's words, a secret, or a second line. */
const RAW =
  /\n|undefined|Unexpected (token|end)|Cannot (read|destructure)|is not (iterable|a function)|fetch failed|\[object|Invalid URL|<!doctype|s3cr3t/;

const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: Error) => error.message,
  );

describe.each(Object.entries(CALLERS))("%s", (_, { call, right, says, of = {}, attempts }) => {
  const faults = (Object.keys(FAULTS) as Fault[]).filter((fault) => of[fault] !== "fine");

  it.each(faults)("answered with %s, is one clear line", async (fault) => {
    faulty.fault = fault;
    if (right) faulty.right = right;
    const message = await failureOf(call(faulty.url));
    const particular = of[fault];
    expect(message).toMatch(particular instanceof RegExp ? particular : GENERAL[fault]);
    expect(message).not.toMatch(RAW);
    expect(message).toMatch(/: \S/);
    if (says && !(particular instanceof RegExp)) expect(message).toMatch(says);
    if (String(fault) === "503") expect(faulty.met).toBe(attempts);
  });

  it("where nothing listens, is one clear line", async () => {
    const message = await failureOf(call(gone));
    expect(message).toMatch(/ECONNREFUSED|does not answer: start it/);
    expect(message).not.toMatch(RAW);
    // Nothing was sent.
    expect(message).not.toContain("nevertheless");
  });
});

it("Ctrl-C while a job runs leaves it, and says how to stop it", async () => {
  faulty.right = (request) =>
    started(request) ?? (request.endsWith(EXECUTION) ? { conditions: [] } : undefined);
  faulty.fault = 404;
  const interrupted = new AbortController();
  const running = failureOf(run(interrupted.signal));
  interrupted.abort(new Error("Interrupted by SIGINT"));
  expect(await running).toMatch(
    /^Interrupted by SIGINT: .*tollgate-admin-x goes on, and its answer is lost. `gcloud run jobs executions cancel tollgate-admin-x --region=r --project=p` stops it/,
  );
});

describe("Pulumi", () => {
  /** Puts a `pulumi` on the PATH that selects a stack and then does this. */
  const pulumi = (script: string, select = "exit 0") => {
    const bin = join(folder, "pulumi-bin");
    mkdirSync(bin, { recursive: true });
    const file = join(bin, "pulumi");
    writeFileSync(
      file,
      `#!/bin/sh\ncase "$1 $2" in\n"version "*) echo v3.248.0; exit 0;;\n"stack select") ${select};;\nesac\n${script}\n`,
    );
    chmodSync(file, 0o755);
    process.env.PATH = `${bin}${delimiter}${PATH}`;
  };
  const preview = () => failureOf(previewEvents("dev", folder));
  beforeAll(() => writeFileSync(join(folder, "Pulumi.yaml"), "name: tollgate\nruntime: nodejs\n"));

  it.each([
    [
      "error: no stack named 'dev' found",
      /^There is no stack "dev" in the state's backend: `pulumi login` to the/,
    ],
    [
      "error: the stack is currently locked by 1 lock(s).",
      /^Another update has the stack dev: wait for it; `pulumi cancel/,
    ],
    ["error: PULUMI_ACCESS_TOKEN must be set", /^Pulumi failed: PULUMI_ACCESS_TOKEN must be set$/],
    ["panic: runtime error", /^Pulumi failed: Command failed with exit code 255: pulumi stack select/],
  ])("whose selection fails with %j says so in one line", async (said, message) => {
    pulumi("exit 0", `echo "${said}" >&2; exit 255`);
    expect(await preview()).toMatch(message);
  });

  it("that fails says its errors, each once, and nothing else", async () => {
    pulumi(
      `echo "Diagnostics:"; echo "  gcp:cloudrunv2:Service (agent):"; echo "    error: googleapi: Error 403: denied"; exit 255`,
    );
    expect(await preview()).toBe("Pulumi failed: googleapi: Error 403: denied");
  });

  it("that is another version says so", async () => {
    pulumi("exit 0");
    writeFileSync(join(folder, "pulumi-bin", "pulumi"), "#!/bin/sh\necho v2.0.0\n");
    expect(await preview()).toMatch(/minimum CLI version requirement|Major version/i);
  });
});

it.each([
  ["nothing", undefined, "dev has no output of its images"],
  ["text", "none", "dev has no output of its images"],
  ["no image", {}, "dev has no output of its images"],
  [
    "a tag",
    { agent: "registry/agent:latest" },
    'dev runs agent as "registry/agent:latest", which is no digest',
  ],
])("the digests of a stack that says %s are not written", (_, output, message) => {
  expect(() => deployedDigests("dev", output)).toThrow(message);
});

it.each([
  ["nonsense", /^TOLLGATE_LEDGER_URL \(not shown, it has a password\) must be an address: postgresql:/],
  [`mysql://u:${SECRET}@h/x`, /^TOLLGATE_LEDGER_URL \(not shown/],
  [
    `postgresql://u:${SECRET}@127.0.0.1:1/x`,
    /^The ledger at 127\.0\.0\.1:1 cannot be reached \(.+\): start it, or/,
  ],
  [
    `postgresql://u:${SECRET}@no.host.invalid/x`,
    /^The ledger at no\.host\.invalid cannot be reached \(.+\): start/,
  ],
  // A server of another kind ends the connection.
  [
    "faulty",
    /^The ledger at 127\.0\.0\.1:\d+ cannot be reached \(.+\): start it, or correct TOLLGATE_LEDGER_URL$/,
  ],
])("a ledger at %s is refused in one line", async (url, message) => {
  faulty.fault = "reset";
  const address = url === "faulty" ? `postgresql://u:${SECRET}@127.0.0.1:${faulty.port}/x` : url;
  const said = await failureOf(withLedgerAt(address, () => Promise.resolve()));
  expect(said).toMatch(message);
  expect(said).not.toMatch(RAW);
});

describe("doctor", () => {
  it("names the program that does not answer as documented, and ends with 1", async () => {
    const { z } = await import("zod");
    for (const text of ["", "<html>", "null", "[]", "Updates are available\n{}"]) {
      const ask = () => Promise.resolve(text);
      const step = {
        name: "step",
        check: () => askJson(ask, z.object({ a: z.string() }), "gcloud", "projects", "list") as never,
      };
      const findings = await examine([step], {} as never, ask);
      expect(findings).toEqual([
        {
          step: "step",
          state: "unknown",
          found: "`gcloud projects list` does not answer as documented: update gcloud",
        },
      ]);
      expect(exitCodeOf(findings)).toBe(1);
    }
  });
});

/** Runs a command as an operator does, on a machine that has Node and nothing else. */
function command(args: string[], env: Record<string, string> = {}) {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  try {
    symlinkSync(process.execPath, join(bin, "node"));
  } catch {
    // Made by the run before.
  }
  const child = spawn(process.execPath, [...NODE_ARGS, ...args], {
    env: { PATH: `${bin}${delimiter}/bin`, HOME: folder, METADATA_SERVER_DETECTION: "none", ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (part) => (stdout += part));
  child.stderr.on("data", (part) => (stderr += part));
  const done = new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, stdout, stderr })),
  );
  return Object.assign(done, { child });
}

describe("a command on a machine that lacks everything", () => {
  it.each([
    ["drift", ["ops/drift/main.ts", "--stack", "dev", "--json"], "There is no `pulumi` on the PATH: install"],
    [
      "a stack's command",
      ["ops/remote/main.ts", "dev", "admin", "customers", "ops/customers/main.ts", "list", "--json"],
      "There are no Google credentials (Could not load the default credentials): run `gcloud auth",
    ],
    [
      "images push",
      ["ops/images/main.ts", "push", "--stack", "dev", "--tag", "x"],
      "There is no `docker` on the PATH",
    ],
    [
      "a stack's export",
      ["ops/remote/main.ts", "dev", "admin", "export", "ops/export/main.ts", "--out", "x"],
      "--out must not be used",
    ],
  ])("%s says what is missing, in colour for nobody", async (_, args, message) => {
    const { code, stdout, stderr } = await command(args);
    expect([stdout, stderr.trim().split("\n")]).toEqual(["", [expect.stringContaining(message)]]);
    expect(stderr).not.toContain("\u001b[");
    expect(code).toBe(message.startsWith("--") ? 2 : 1);
  });

  it("Google's client of Cloud Run does not end the process without credentials", async () => {
    const saved = { ...process.env };
    const script = join(folder, "promote.ts");
    const { pathname } = new URL(`file://${join(__dirname, "../../ops/promote/google")}`);
    writeFileSync(
      script,
      `import { GoogleCloudRun } from ${JSON.stringify(pathname)};
       new GoogleCloudRun({ project: "p", region: "r" }).services().catch((error) => console.error(error.message));`,
    );
    const { stderr } = await command([script]);
    expect(stderr.trim()).toMatch(/^There are no Google credentials \(.*\): run `gcloud auth/);
    process.env = saved;
  });
});

it("a command ends in silence when nobody reads its output", async () => {
  faulty.right = (request) =>
    request.endsWith("/query")
      ? {
          data: {
            resultType: "vector",
            result: Array.from({ length: 9_000 }, () => ({ metric: { job: "agent" }, value: [0, "1"] })),
          },
        }
      : undefined;
  const running = command(["ops/query/main.ts", "metrics", "up", "--json"], { PROMETHEUS_URL: faulty.url });
  running.child.stdout.destroy();
  const { code, stderr } = await running;
  expect([code, stderr]).toEqual([0, ""]);
});
