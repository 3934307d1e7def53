import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Client } from "pg";
import { Webhook } from "standardwebhooks";
import { usd } from "../../litellm-config";
import { listBrakes, setBrake } from "../../ops/brake/brakes";
import { addGrant, endOverride, grantsOf, setOverride } from "../../ops/customers/budget";
import { addCustomer, deleteCustomer, setDisabled } from "../../ops/customers/changes";
import { usageOf } from "../../ops/customers/usage";
import { deliverDue, takeTurn } from "../../ops/events/deliver";
import { listEvents, replayEvents } from "../../ops/events/events";
import { pubSubReceiver, readReceivers, webhookReceiver } from "../../ops/events/receivers";
import { readAudit } from "../../ops/ledger/audit";
import { addCrossing, startLedger, type TestLedger } from "../dashboards/support/ledger";
import { wrongWith } from "../support/discovery/check";
import { discovery } from "../support/discovery/document";
import { runCommand } from "../support/run-command";

const SECRET = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const by = { actor: "ann", reason: "a test" };
const inAMonth = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);

let ledger: TestLedger;
let admin: Client;
let receiver: Server;
let url: string;
let received: { path: string; headers: IncomingHttpHeaders; body: string }[];
/** What the receiver answers. */
let status: number;

beforeAll(async () => {
  ledger = await startLedger();
  admin = new Client(ledger.postgres.urls.ledger_admin);
  await admin.connect();
  receiver = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => (body += chunk));
    req.on("end", () => {
      received.push({ path: req.url!, headers: req.headers, body });
      res.writeHead(status).end(status === 200 ? '{"messageIds":["1"]}' : "no");
    });
  });
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await admin?.end();
  await ledger?.stop();
  receiver?.close();
});

beforeEach(async () => {
  await ledger.owner.query("truncate ledger.customers, ledger.audit, ledger.events, ledger.brakes cascade");
  await addCustomer(admin, { customerId: "acme", name: "Acme", tier: "tier_1" }, by);
  received = [];
  status = 200;
});

const deliver = () => deliverDue(admin, [webhookReceiver(url, SECRET)]);
const cross = (percent: number) => addCrossing(ledger.owner, "acme", percent, "1 second");
/** Makes every event that waits due. */
const later = () =>
  ledger.owner.query("update ledger.events set next_attempt_at = now() where next_attempt_at is not null");

describe("a crossing", () => {
  it("is delivered once, signed as Standard Webhooks has it", async () => {
    await cross(80);
    expect(await deliver()).toBe(1);
    expect(await deliver()).toBe(0);
    const [{ headers, body }] = received as [(typeof received)[0]];
    const [event] = await listEvents(admin, { limit: 9 });
    expect(event).toMatchObject({ state: "delivered", attempts: 1 });
    expect(headers["webhook-id"]).toBe(event!.eventId);
    expect(new Webhook(SECRET).verify(body, headers as Record<string, string>)).toMatchObject({
      type: "budget.crossed",
      timestamp: event!.at,
      data: { customer_id: "acme", percent: 80, action: "notify", cap_nanos: usd("8") },
    });
    expect(() => new Webhook(SECRET).verify(`${body} `, headers as Record<string, string>)).toThrow(
      "No matching signature",
    );
  });

  it("that is rolled back is never delivered", async () => {
    await ledger.owner.query("begin");
    await cross(80);
    await ledger.owner.query("rollback");
    expect(await deliver()).toBe(0);
  });

  it("is not lost while the receiver is down, and comes again with the same id", async () => {
    await cross(95);
    status = 500;
    await deliver();
    expect(await listEvents(admin, { limit: 9 })).toMatchObject([
      { state: "waiting", lastError: "webhook: HTTP 500" },
    ]);
    expect(await deliver()).toBe(0);
    status = 200;
    await later();
    await deliver();
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    expect(await listEvents(admin, { state: "delivered", limit: 9 })).toHaveLength(1);
  });

  it("waits longer after each failure, is given up after the tenth, kept, and replayed", async () => {
    await cross(100);
    status = 503;
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 10; attempt++) {
      await later();
      await deliver();
      const { rows } = await ledger.owner.query(
        "select extract(epoch from next_attempt_at - now())::float as wait from ledger.events",
      );
      if (rows[0].wait !== null) waits.push(rows[0].wait);
    }
    expect(waits).toHaveLength(9);
    expect(waits.every((wait, index) => index === 0 || wait > waits[index - 1]!)).toBe(true);
    expect(Math.round(waits[0]!)).toBeLessThanOrEqual(5);
    const [dead] = await listEvents(admin, { state: "dead", limit: 9 });
    expect(dead).toMatchObject({ attempts: 10, lastError: "webhook: HTTP 503" });
    status = 200;
    expect(await replayEvents(admin, undefined, by)).toBe(1);
    await deliver();
    expect(received.at(-1)!.headers["webhook-id"]).toBe(dead!.eventId);
    expect(await replayEvents(admin, [dead!.eventId], by)).toBe(1);
    expect((await readAudit(admin, { limit: 1 }))[0]).toMatchObject({
      action: "events.replay",
      after: { events: 1 },
    });
  });

  it("to a receiver that is gone (410) is given up at once", async () => {
    await cross(80);
    status = 410;
    await deliver();
    expect(await listEvents(admin, { limit: 9 })).toMatchObject([{ state: "dead", attempts: 1 }]);
  });

  it("goes to one of two deliveries that run at a time", async () => {
    for (const percent of [50, 80, 95, 100]) await cross(percent);
    const other = new Client(ledger.postgres.urls.ledger_admin);
    await other.connect();
    await Promise.all([deliver(), deliverDue(other, [webhookReceiver(url, SECRET)])]);
    await other.end();
    expect(received).toHaveLength(4);
    expect(new Set(received.map(({ headers }) => headers["webhook-id"])).size).toBe(4);
  });

  it("goes to Pub/Sub as its API takes it", async () => {
    await cross(80);
    await deliverDue(admin, [pubSubReceiver("projects/p/topics/t", url, () => Promise.resolve("token"))]);
    const [{ path, headers, body }] = received as [(typeof received)[0]];
    const request = { verb: "POST", path, query: [], body: JSON.parse(body) as unknown };
    expect(wrongWith(discovery("pubsub.v1"), request)).toEqual([]);
    expect(headers.authorization).toBe("Bearer token");
    const { messages } = JSON.parse(body) as {
      messages: { data: string; attributes: Record<string, string> }[];
    };
    expect(Object.keys(messages[0]!).sort()).toEqual(["attributes", "data"]);
    expect(messages[0]!.attributes).toMatchObject({ type: "budget.crossed", customer_id: "acme" });
    expect(JSON.parse(Buffer.from(messages[0]!.data, "base64").toString())).toMatchObject({
      data: { percent: 80 },
    });
  });

  it.each(["", "secret", "whsec_c2hvcnQ="])("is not signed with %j", (secret) => {
    expect(() => webhookReceiver(url, secret)).toThrow("must be whsec_ and 24 to 64 bytes in base64");
  });
});

describe("a brake", () => {
  it("is an event and in the trail, once", async () => {
    expect(await setBrake(admin, { scope: "tier", value: "tier_1" }, true, by)).toBe(true);
    expect(await setBrake(admin, { scope: "tier", value: "tier_1" }, true, by)).toBe(false);
    expect(await listBrakes(admin)).toMatchObject([{ scope: "tier", value: "tier_1", reason: "a test" }]);
    expect(await setBrake(admin, { scope: "tier", value: "tier_1" }, false, by)).toBe(true);
    await deliver();
    expect(received.map(({ body }) => (JSON.parse(body) as { type: string }).type).sort()).toEqual([
      "brake.off",
      "brake.on",
    ]);
    expect((await readAudit(admin, { limit: 2 })).map(({ action }) => action)).toEqual([
      "brake.off",
      "brake.on",
    ]);
  });

  it.each([
    [["on", "--reason", "x"], 2, "Give one of --all, --tier <tier>"],
    [["on", "--all", "--tier", "tier_1", "--reason", "x"], 2, "Give one of --all"],
    [["on", "--all"], 2, "--reason"],
    [
      ["on", "--route", "cheap", "--reason", "x"],
      2,
      '--route (is "cheap"): use one of simple, analysis, deep, economy',
    ],
    [["on", "--customer", "nobody", "--reason", "x"], 1, "no such customer"],
  ])("%j ends with %d and says %j", async (args, code, message) => {
    const { exitCode, stderr } = await run("brake", ...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it("is put on and off by the command", async () => {
    expect(await run("brake", "on", "--all", "--reason", "the bill explodes")).toMatchObject({
      stdout: "The brake for all calls is on.\n",
    });
    expect((await run("brake", "list")).stdout).toContain("the bill explodes");
    expect(await run("brake", "off", "--all", "--reason", "found it")).toMatchObject({ exitCode: 0 });
    expect((await run("brake", "list")).stdout).toBe("No brake is on.\n");
  });
});

describe("a customer's own budget", () => {
  it("takes the place of the tier's until it ends", async () => {
    await setOverride(admin, "acme", "25.50", inAMonth, by);
    expect((await usageOf(admin, "acme")).capNanos).toBe(usd("25.5"));
    await setOverride(admin, "acme", "12", inAMonth, by);
    expect((await readAudit(admin, { limit: 1 }))[0]).toMatchObject({
      action: "customer.override",
      before: { budget: "$25.50", until: inAMonth },
      after: { budget: "$12.00", until: inAMonth },
    });
    await endOverride(admin, "acme", by);
    expect((await usageOf(admin, "acme")).capNanos).toBe(usd("8"));
    await expect(endOverride(admin, "acme", by)).rejects.toThrow("has no override");
  });

  it("grows by a grant, which is kept apart", async () => {
    const { grantId } = await addGrant(admin, "acme", "5", inAMonth, by);
    expect((await usageOf(admin, "acme")).capNanos).toBe(usd("13"));
    expect(await grantsOf(admin, "acme")).toMatchObject([{ grantId, amountNanos: usd("5"), usedNanos: 0 }]);
  });

  it.each([
    ["0", inAMonth, 'budget (is "0"): use dollars above 0'],
    ["ten", inAMonth, 'budget (is "ten"): use dollars above 0'],
    ["-1", inAMonth, 'budget (is "-1"): use dollars above 0'],
    ["10", "2026-02-30", 'until (is "2026-02-30"): use a day'],
    ["10", "2020-01-01", 'until (is "2020-01-01"): is over'],
    ["10", "", 'until (is ""): use a day'],
  ])("of %s until %j is refused", async (budget, until, message) => {
    await expect(setOverride(admin, "acme", budget, until, by)).rejects.toThrow(message);
    await expect(addGrant(admin, "acme", budget, until, by)).rejects.toThrow(
      message.replace("budget (", "amount ("),
    );
    expect((await usageOf(admin, "acme")).capNanos).toBe(usd("8"));
  });

  it("goes with the customer when it is deleted, and its brake too", async () => {
    await setOverride(admin, "acme", "10", inAMonth, by);
    await addGrant(admin, "acme", "5", inAMonth, by);
    await setBrake(admin, { scope: "customer", value: "acme" }, true, by);
    await setDisabled(admin, "acme", true, by);
    await deleteCustomer(admin, "acme", by);
    for (const table of ["overrides", "grants", "events", "brakes"]) {
      expect((await ledger.owner.query(`select * from ledger.${table}`)).rows).toEqual([]);
    }
  });

  it("is set by the command, and shown", async () => {
    await run("customers", "override", "acme", "20", "--until", inAMonth, "--reason", "a big month");
    await run("customers", "grant", "acme", "5", "--until", inAMonth, "--reason", "an outage");
    const { stdout } = await run("customers", "show", "acme");
    expect(stdout).toContain("Override: $20.00 a month until");
    expect(stdout).toMatch(/Grant \d+: \$0\.00 used of \$5\.00, until/);
    expect(stdout).toContain("$25.00");
  });
});

it("`events deliver --once` delivers what is due, `events list` says so", async () => {
  await cross(50);
  const env = { TOLLGATE_EVENTS_RECEIVERS: JSON.stringify({ webhook: { url, secret: SECRET } }) };
  expect(await runWith(env, "events", "deliver", "--once")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(received).toHaveLength(1);
  expect((await run("events", "list")).stdout).toMatch(/budget\.crossed.*acme.*delivered/);
  expect(await run("events", "deliver")).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining("there is no receiver"),
  });
  expect(await run("events", "replay")).toMatchObject({ exitCode: 2 });
});

it("the job without receivers ends well and takes nothing from the outbox", async () => {
  await cross(50);
  const env = { TOLLGATE_EVENTS_RECEIVERS: "{}" };
  expect(await runWith(env, "events", "deliver", "--once")).toMatchObject({ exitCode: 0, stderr: "" });
  expect(await listEvents(admin, { limit: 5 })).toMatchObject([{ state: "waiting", attempts: 0 }]);
});

it("a second process delivers nothing until the first has ended", async () => {
  await cross(50);
  const first = new Client(ledger.postgres.urls.ledger_admin);
  await first.connect();
  expect([await takeTurn(first), await takeTurn(first), await takeTurn(admin)]).toEqual([true, true, false]);
  const env = { TOLLGATE_EVENTS_RECEIVERS: JSON.stringify({ webhook: { url, secret: SECRET } }) };
  expect(await runWith(env, "events", "deliver", "--once")).toMatchObject({ exitCode: 0 });
  expect(received).toHaveLength(0);
  await first.end();
  expect(await runWith(env, "events", "deliver", "--once")).toMatchObject({ exitCode: 0 });
  expect(received).toHaveLength(1);
});

it.each([
  ["no JSON", "https://ops.example.com", "TOLLGATE_EVENTS_RECEIVERS (set): must be JSON"],
  ["an unknown field", '{"webhok": {}}', "TOLLGATE_EVENTS_RECEIVERS (set): Unrecognized key"],
  [
    "an invalid URL",
    '{"webhook": {"url": "ops", "secret": "s"}}',
    "TOLLGATE_EVENTS_RECEIVERS.webhook.url (set): Invalid URL",
  ],
  [
    "a webhook without its secret",
    '{"webhook": {"url": "https://ops.example.com"}}',
    "TOLLGATE_EVENTS_RECEIVERS.webhook.secret (set): Invalid input",
  ],
  ["an invalid topic", '{"topic": "tollgate"}', 'topic of TOLLGATE_EVENTS_RECEIVERS (is "tollgate")'],
])("receivers with %s are refused", (_, text, message) => expect(() => readReceivers(text)).toThrow(message));

function run(command: string, ...args: string[]) {
  return runWith({}, command, ...args);
}

function runWith(env: Record<string, string>, command: string, ...args: string[]) {
  return runCommand(command, args, { TOLLGATE_LEDGER_URL: ledger.postgres.urls.ledger_admin, ...env });
}
