import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { discovery } from "../support/discovery/document";
import { wrongWith } from "../support/discovery/check";
import { estimate } from "../../infra/cost/estimate";
import { limits } from "../../infra/limits";
import { plan, readStackFile } from "../../infra/plan";
import { judgePlan } from "../../policies/judge-plan";
import { runNow, schedulesOf } from "../../ops/office/run";
import { Planned, planWith, POOL, SERVICE } from "../program/support/planned";

const HOURS = { "tollgate:officeHours": '{"from":8,"to":18,"timeZone":"Europe/Brussels"}' };
const settingsOf = (layout: string) => ({ ...HOURS, "tollgate:sizes": JSON.stringify({ layout }) });
const SCHEDULE = "gcp:cloudscheduler/job:Job";
const ACTS_AS = "gcp:serviceaccount/iAMMember:IAMMember";
const ACCOUNT = "gcp:serviceaccount/account:Account::";

describe.each([
  ["packed", ["postgres", "clickhouse", "watch"]],
  ["grouped", ["postgres", "clickhouse", "watch", "workers", "loki"]],
])("office hours of a stack whose layout is %s", (layout, sleepers) => {
  let dev: Planned;
  beforeAll(async () => {
    dev = await Planned.of("dev", settingsOf(layout));
  });

  it("wake and put to sleep everything that is always on, and nothing else", () => {
    for (const action of ["wake", "sleep"] as const)
      expect(
        schedulesOf(dev.resources, action)
          .map((each) => each.sleeper)
          .sort(),
      ).toEqual([...sleepers].sort());
  });

  it("wake data stores first and put them to sleep last", () => {
    expect(
      schedulesOf(dev.resources, "wake")
        .slice(0, 2)
        .map((each) => each.sleeper)
        .sort(),
    ).toEqual(["clickhouse", "postgres"]);
    expect(schedulesOf(dev.resources, "sleep").at(-1)!.sleeper).toMatch(/clickhouse|postgres/);
    const cron = (name: string) => dev.inputs(SCHEDULE, name).schedule;
    expect([cron("office-wake-postgres"), cron("office-wake-watch")]).toEqual([
      "45 7 * * 1-5",
      "0 8 * * 1-5",
    ]);
    expect([cron("office-sleep-watch"), cron("office-sleep-postgres")]).toEqual([
      "0 18 * * 1-5",
      "5 18 * * 1-5",
    ]);
  });

  it("let their account act as what each of them runs as", () => {
    const runners = [...dev.all(SERVICE), ...dev.all(POOL)].filter(({ name }) => sleepers.includes(name));
    const accounts = runners.map(({ dependsOn }) => {
      const [account] = dependsOn.filter((each) => each.startsWith(ACCOUNT));
      return dev.inputs("gcp:serviceaccount/account:Account", account!.slice(ACCOUNT.length)).accountId;
    });
    const actsAs = dev
      .all(ACTS_AS)
      .filter(({ inputs }) => inputs["role"] === "roles/iam.serviceAccountUser")
      .map(({ inputs }) => String(inputs["serviceAccountId"]));
    expect(actsAs.sort()).toEqual(
      accounts
        .map((id) => `projects/tollgate-dev/serviceAccounts/${id}@tollgate-dev.iam.gserviceaccount.com`)
        .sort(),
    );
  });

  it("keep every limit and mandatory policy", async () => {
    expect(limits.flatMap(({ check }) => dev.resources.flatMap(check))).toEqual([]);
    const judged = await judgePlan(await planWith("dev", settingsOf(layout)));
    expect(judged.filter(({ level }) => level === "mandatory")).toEqual([]);
  });
});

it("lower the cost", async () => {
  const costOf = async (changes: Record<string, string>) =>
    estimate((await planWith("dev", changes)).resources).total.expected;
  expect(await costOf(settingsOf("packed"))).toBeLessThan((await costOf({})) * 0.7);
});

it("jobs that run each hour keep the hours, or their databases would be asleep", async () => {
  const dev = await Planned.of("dev", HOURS);
  expect(dev.inputs(SCHEDULE, "langfuse-margins").schedule).toBe("*/15 8-17 * * 1-5");
});

it.each([
  ["prod", HOURS["tollgate:officeHours"], /officeHours .* must not be set in prod/],
  ["dev", '{"from":18,"to":8,"timeZone":"Europe/Brussels"}', /officeHours.to 8 must be after `from`/],
  ["dev", '{"from":8,"to":18,"timeZone":"Mars"}', /officeHours.timeZone "Mars" must be a time zone/],
])("are refused in %s as %s", async (stack, hours, message) => {
  const settings = readStackFile(stack);
  settings.values["tollgate:officeHours"] = hours;
  await expect(plan(stack, settings)).rejects.toThrow(message);
});

describe("running a schedule now", () => {
  const asked: { method: string; url: string; authorization?: string; body: string }[] = [];
  const answers: number[] = [];
  let server: Server;
  let url = "";
  beforeAll(async () => {
    server = createServer((request, response) => {
      const { method = "", url: path = "", headers } = request;
      if (path.startsWith("/computeMetadata/")) {
        response.setHeader("metadata-flavor", "Google");
        return response.end(
          path.includes("/token") ? JSON.stringify({ access_token: "token", expires_in: 3600 }) : "{}",
        );
      }
      let body = "";
      request.on("data", (part: Buffer) => (body += part.toString()));
      request.on("end", () => {
        asked.push({ method, url: path, authorization: headers.authorization, body });
        const status = answers.shift() ?? 200;
        response
          .writeHead(status)
          .end(status === 200 ? "{}" : JSON.stringify({ error: { message: `reason ${status}` } }));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
    process.env.GCE_METADATA_HOST = `127.0.0.1:${port}`;
    process.env.METADATA_SERVER_DETECTION = "assume-present";
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    asked.length = 0;
    answers.length = 0;
  });
  const schedule = { id: "projects/p/locations/r/jobs/tollgate-wake-postgres", sleeper: "postgres" };

  it("asks Cloud Scheduler for what its document has", async () => {
    await runNow(schedule, url);
    expect(asked).toEqual([
      {
        method: "POST",
        url: "/v1/projects/p/locations/r/jobs/tollgate-wake-postgres:run",
        authorization: "Bearer token",
        body: "{}",
      },
    ]);
    const { method, url: path, body } = asked[0]!;
    const request = { verb: method, path, query: [], body: JSON.parse(body) };
    expect(wrongWith(discovery("cloudscheduler.v1"), request)).toEqual([]);
  });

  it("asks again after an answer that passes", async () => {
    answers.push(503);
    await runNow(schedule, url);
    expect(asked).toHaveLength(2);
  });

  it.each([
    [404, "`pulumi up` makes the schedules"],
    [403, "ask for roles/cloudscheduler.jobRunner in the project"],
    [409, "somebody else changes it: try again"],
  ])("reports after %d the schedule, the reason and the remedy", async (status, remedy) => {
    answers.push(status);
    await expect(runNow(schedule, url)).rejects.toThrow(
      `${schedule.id} was not run (${status} reason ${status}): ${remedy}`,
    );
    expect(asked).toHaveLength(1);
  });
});
