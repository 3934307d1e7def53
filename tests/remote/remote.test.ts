import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commands } from "../../cli/commands.mjs";
import type { RunningPostgres } from "../../local/processes";
import { runInStack, type RemoteCommand } from "../../ops/remote/run";
import { carriedArguments } from "../../ops/terminal/text-file";
import { bundle } from "../../services/bundle";
import { PrometheusStandIn } from "../promote/prometheus-stand-in";
import { JOB, Planned } from "../program/support/planned";
import { startLedger } from "../support/ledger";
import { OperatorStandIn } from "../support/operators/stand-in";
import { PERMISSIONS, type Grant } from "../support/operators/roles";

const PARENT = "projects/tollgate-prod/locations/europe-west1";
const OPERATOR = "group:platform@example.com";
const SOON = { pollMs: 50, limitMs: 30_000 };

let folder: string;
let postgres: RunningPostgres;
let standIn: OperatorStandIn;
let planned: Grant[];
const prometheus = new PrometheusStandIn("/prometheus");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tollgate-remote-"));
  const image = join(folder, "srv");
  await bundle(image);
  ({ postgres } = await startLedger(folder));

  await prometheus.start();
  const plan = await Planned.of("prod");
  planned = grantsOf(plan);
  standIn = await new OperatorStandIn(PARENT, image).start();
  for (const { name } of plan.all(JOB)) {
    standIn.jobs.set(`tollgate-${name}`, {
      account: `serviceAccount:tollgate-${name}`,
      env: {
        TOLLGATE_ANSWERS_BUCKET: "tollgate-prod-answers",
        TOLLGATE_LEDGER_URL: postgres.urls.ledger_admin,
        TOLLGATE_LEDGER_READER_URL: postgres.urls.ledger_reader,
        PROMETHEUS_URL: prometheus.url,
      },
    });
  }
  process.env.GCE_METADATA_HOST = await standIn.metadataOf(OPERATOR);
  process.env.METADATA_SERVER_DETECTION = "assume-present";
}, 120_000);

afterAll(async () => {
  await Promise.all([standIn?.stop(), postgres?.stop(), prometheus.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => {
  standIn.grants = planned;
  standIn.log = "";
  standIn.broken = false;
  standIn.refused.length = 0;
});

/** The roles on jobs and buckets that the program of prod grants. */
function grantsOf(plan: Planned): Grant[] {
  const jobs = plan.all("gcp:cloudrunv2/jobIamMember:JobIamMember");
  const buckets = plan.all("gcp:storage/bucketIAMMember:BucketIAMMember");
  const nameOf = (resource: { dependsOn: string[] }, type: string) =>
    resource.dependsOn.find((name) => name.startsWith(`${type}::`))!.split("::")[1]!;
  const account = ({ inputs, parent }: (typeof buckets)[number]) => {
    const member = String(inputs["member"]);
    return member.includes("@") ? member : parent!.replace(/^.*::/, "serviceAccount:tollgate-");
  };
  const of = (on: string, resource: (typeof buckets)[number]): Grant => ({
    role: String(resource.inputs["role"]),
    member: account(resource),
    on,
  });
  return [
    ...jobs.map((each) => of(`tollgate-${nameOf(each, JOB)}`, each)),
    ...buckets.map((each) => of(`tollgate-prod-${nameOf(each, "gcp:storage/bucket:Bucket")}`, each)),
  ];
}

const run = (program: RemoteCommand["program"], ...args: string[]) =>
  runInStack(
    { job: "admin", program, args },
    {
      stack: "prod",
      project: "tollgate-prod",
      region: "europe-west1",
      runUrl: standIn.url,
      storageUrl: standIn.url,
    },
    SOON,
  );

describe("a command in a job of the stack", () => {
  it("adds a customer; who asked sees the key, and neither the log nor the bucket has it", async () => {
    const { exitCode, stdout } = await run("customers", "add", "acme", "--tier", "tier_2", "--json");
    const { key } = JSON.parse(stdout) as { key: string };
    expect(exitCode).toBe(0);
    expect(key).toMatch(/^tollgate_[\w-]{43}$/);
    await standIn.settled();
    expect(standIn.log).toContain('"program":"customers.js","exit_code":0');
    expect(standIn.log).not.toContain(key);
    expect([...standIn.objects.values()].join()).not.toContain("acme");
    expect((await run("customers", "list")).stdout).toContain("acme");
  });

  it("imports a file of this machine", async () => {
    const file = join(folder, "Kunden.csv");
    writeFileSync(file, "customer_id,tier,name\nzoe,tier_1,Zoë\n");
    const { stdout } = await run("customers", ...carriedArguments(["import", file, "--apply", "--json"]));
    expect(JSON.parse(stdout)).toMatchObject({ applied: true, steps: [{ customerId: "zoe", does: "add" }] });
    expect((await run("customers", "show", "zoe")).stdout).toContain("Zoë");

    writeFileSync(file, "x".repeat(100_000));
    expect(() => carriedArguments(["import", file])).toThrow(
      /133357 bytes as an argument, of 131071 at most/,
    );
    const exporting = ["--month", "2026-10", "--out", "october.csv"];
    expect(carriedArguments(exporting)).toEqual(exporting);
    expect(() => carriedArguments(["import", "none.csv"])).toThrow('file (is "none.csv"): cannot be read');
  });

  it("gives back what the command printed and its exit code, when it fails too", async () => {
    expect(await run("customers", "show", "nobody")).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: expect.stringContaining('customerId (is "nobody"): no such customer'),
    });
  });

  it("reads the ledger, and changes nothing in it", async () => {
    const { stdout } = await run(
      "query",
      "ledger",
      "select count(*) as customers from ledger.customers",
      "--json",
    );
    expect(JSON.parse(stdout)).toEqual([{ customers: expect.stringMatching(/^\d+$/) }]);
    for (const sql of [
      "delete from ledger.customers",
      "commit; delete from ledger.customers",
      "select key_hash from ledger.customers",
    ]) {
      const { exitCode, stderr } = await run("query", "ledger", sql);
      expect([sql, exitCode, stderr]).toEqual([
        sql,
        1,
        expect.stringMatching(/permission denied|read-only|multiple commands/),
      ]);
    }
  });

  it("compares variants", async () => {
    const { exitCode, stdout } = await run("variants", "--json");
    expect([exitCode, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ routes: [] })]);
  });

  it("asks Prometheus, and says what it refuses", async () => {
    prometheus.answer = (query) => (query === "up" ? [{ metric: { job: "agent" }, value: [0, "1"] }] : []);
    const { stdout } = await run("query", "metrics", "--json", "up", "absent(up)");
    expect(JSON.parse(stdout)).toEqual([[{ metric: { job: "agent" }, value: [0, "1"] }], []]);
    expect((await run("query", "metrics", "up")).stdout).toMatch(/\{job="agent"\} +│ 1/);
    prometheus.answer = () => undefined;
    expect(await run("query", "metrics", "up")).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining("Prometheus answers 503 to up"),
    });
  });

  it("needs each role that the program grants, and says which is missing", async () => {
    const used = planned.filter(
      ({ member, on }) =>
        (member === OPERATOR || member === "serviceAccount:tollgate-admin") &&
        (on === "tollgate-admin" || on === "tollgate-prod-answers"),
    );
    expect(used.map(({ role }) => role).sort()).toEqual(
      [
        "roles/run.jobsExecutorWithOverrides",
        "roles/run.viewer",
        ...Array.from({ length: 3 }, () => "roles/storage.objectViewer"),
        "roles/storage.objectUser",
      ].sort(),
    );
    for (const role of new Set(used.map((grant) => grant.role))) {
      standIn.grants = planned.filter((grant) => grant.role !== role);
      await expect(run("customers", "list")).rejects.toThrow(
        role === "roles/storage.objectUser"
          ? /ended without an answer/
          : /Your account may not .*tollgate:admins/,
      );
      expect(PERMISSIONS[role]).toContain(standIn.refused.at(-1)!.split(" ")[1]);
    }
  });

  it("may be run only by operators", async () => {
    standIn.grants = planned.map((grant) => ({
      ...grant,
      member: grant.member === OPERATOR ? "user:somebody@example.com" : grant.member,
    }));
    await expect(run("customers", "list")).rejects.toThrow("may not run tollgate-admin in prod");
  });

  it("says where the log is when the job ends without an answer", async () => {
    standIn.broken = true;
    await expect(run("customers", "list")).rejects.toThrow(
      /tollgate-admin-\d+ ended without an answer \(The container exited with an error\): gcloud logging read/,
    );
  });

  it("says how to make a job that the stack does not have", async () => {
    const job = standIn.jobs.get("tollgate-admin")!;
    standIn.jobs.delete("tollgate-admin");
    await expect(run("customers", "list")).rejects.toThrow(
      "prod has no job tollgate-admin: `pulumi up --stack prod`",
    );
    standIn.jobs.set("tollgate-admin", job);
  });
});

describe("tollgate --stack", () => {
  const tollgate = (...args: string[]) =>
    new Promise<{ code: number | null; said: string }>((resolve) => {
      const child = spawn(process.execPath, [join(__dirname, "../../cli/tollgate.mjs"), ...args], {
        env: {
          ...process.env,
          CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN: standIn.url,
          STORAGE_EMULATOR_HOST: standIn.url,
        },
      });
      let said = "";
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (part: Buffer) => (said += part.toString()));
      child.once("close", (code) => resolve({ code, said }));
    });

  it.each([
    [["--stack", "prod", "customers", "list"]],
    [["--stack=prod", "customers", "list"]],
    [["customers", "--stack", "prod", "list"]],
  ])("%j asks the stack", async (args) => {
    const { code, said } = await tollgate(...args);
    expect([code, said]).toEqual([0, expect.stringContaining("acme")]);
  });

  const remote = Object.keys(commands).filter((name) => commands[name]!.remote);
  const WRONG: [args: string[], says: string][] = [
    ...remote.map((name): [string[], string] => [[...name.split(" "), "--nonsense"], "Usage: tollgate"]),
    [["customers"], "Usage: tollgate customers"],
    [["customers", "add", "acme", "--tier", "gold"], 'tier (is "gold"): use one of'],
    [["customers", "grant", "acme", "much", "--until", "2099-01-01", "--reason", "x"], 'amount (is "much")'],
    [["brake", "on", "--all", "--tier", "tier_1", "--reason", "x"], "Give one of --all"],
    [["events", "replay", "1"], 'event-ids (is "1")'],
  ];
  it("refuses wrong usage here, and starts no job", async () => {
    standIn.grants = [];
    const said = await Promise.all(
      WRONG.map(async ([args]) => [args, await tollgate("--stack", "prod", ...args)]),
    );
    expect(said).toEqual(
      WRONG.map(([args, says]) => [args, { code: 2, said: expect.stringContaining(says) }]),
    );
    expect(standIn.refused).toEqual([]);
  });

  it("passes the exit code on, and refuses a stack that there is not", async () => {
    expect(await tollgate("--stack", "prod", "customers", "show", "nobody")).toMatchObject({ code: 1 });
    const { code, said } = await tollgate("--stack", "moon", "customers", "list");
    expect([code, said]).toEqual([2, expect.stringContaining('--stack "moon" must be one of dev, prod')]);
  });
});
