import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { hashKey } from "../../app/ledger/key";
import { definitions, usd } from "../../litellm-config";
import type { RunningPostgres } from "../../local/processes";
import { addCustomer, changeCustomer, deleteCustomer, setDisabled } from "../../ops/customers/changes";
import { findCustomer, listCustomers } from "../../ops/customers/customer";
import { importCustomers } from "../../ops/customers/import";
import { addKey, listKeys, revokeKey } from "../../ops/customers/keys";
import { usageOf } from "../../ops/customers/usage";
import { postgresLedger } from "../../app/ledger/postgres-ledger";
import type { Ledger } from "../../app/ledger/ledger";
import { readAudit } from "../../ops/ledger/audit";
import { readOutlook } from "../../ops/ledger/outlook";
import { addCall, addCrossing, addRefusal, addSession } from "../dashboards/support/ledger";
import { startLedger } from "../support/ledger";
import { runCommand } from "../support/run-command";

let folder: string;
let postgres: RunningPostgres;
let admin: Client;
let owner: Client;
let agent: Ledger;

const by = { actor: "ann", reason: "a test" };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "customers-"));
  ({ postgres } = await startLedger(folder));
  admin = new Client({ connectionString: postgres.urls.ledger_admin });
  owner = new Client({ connectionString: postgres.urls.ledger_owner });
  await Promise.all([admin.connect(), owner.connect()]);
  agent = postgresLedger(postgres.urls.ledger_agent, () => undefined);
});

afterAll(async () => {
  await Promise.all([admin.end(), owner.end(), agent.close()]);
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => owner.query("truncate ledger.customers, ledger.recent_calls, ledger.audit cascade"));

const acme = { customerId: "acme", name: "Acme", tier: "tier_1", gcpProject: "acme-prod" };

/** A call on each of the last 28 days, of so many dollars. */
async function addFourWeeks(customer: string, cost: (day: number) => string): Promise<void> {
  await owner.query(
    `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, updated_at)
     select $1, (date_trunc('month', now()) - make_interval(months => m))::date, 'tier_1', 8, now() from generate_series(0, 2) m`,
    [customer],
  );
  await addSession(owner, customer, "s", 0);
  for (let day = 1; day <= 28; day++)
    await addCall(owner, { customer, session: "s", cost: usd(cost(day)), ago: `${day} days` });
}

/** Whose key it is, as the agent finds it. */
const ownerOf = async (key: string) => (await agent.customerByKeyHash(hashKey(key)))?.customerId;

describe("a new customer", () => {
  it("gets its own key, of which the ledger has only the hash", async () => {
    const first = await addCustomer(admin, acme, by);
    const second = await addCustomer(admin, { ...acme, customerId: "other" }, by);
    expect(first.customer).toMatchObject({ ...acme, disabledAt: null });
    expect(first.key).toMatch(/^tollgate_[\w-]{43}$/);
    expect(second.key).not.toBe(first.key);
    expect(await ownerOf(first.key)).toBe("acme");
    for (const table of ["customers", "customer_keys", "audit"]) {
      const { rows } = await owner.query(`select * from ledger.${table}`);
      expect(JSON.stringify(rows)).not.toContain(first.key);
    }
  });

  it.each([
    [{ customerId: "no spaces" }, /customerId \(is "no spaces"\): use 1 to 64 letters/],
    [{ customerId: "x".repeat(65) }, /customerId \(is "x+"\): use 1 to 64 letters/],
    [{ tier: "tier_9" }, /tier \(is "tier_9"\): use one of tier_1, tier_2, tier_3/],
    [{ name: " " }, /name \(is " "\): set the customer's name/],
    [{ gcpProject: "UPPER" }, /gcpProject \(is "UPPER"\): a Google Cloud project id has 6 to 30/],
  ])("with %j is refused: field, value and remedy", async (wrong, message) => {
    await expect(addCustomer(admin, { ...acme, ...wrong }, by)).rejects.toThrow(message);
    expect(await listCustomers(admin)).toEqual([]);
  });

  it("with a taken id is refused, and the customer who has it keeps its key", async () => {
    const { key } = await addCustomer(admin, acme, by);
    await expect(addCustomer(admin, { ...acme, name: "Thief" }, by)).rejects.toThrow(
      'customerId (is "acme"): taken already; choose another',
    );
    expect(await ownerOf(key)).toBe("acme");
    expect(await readAudit(admin, { limit: 10 })).toHaveLength(1);
  });
});

describe("an existing customer", () => {
  it("changes its tier, and only to one that exists", async () => {
    await addCustomer(admin, acme, by);
    expect((await changeCustomer(admin, "acme", "tier", "tier_3", by)).tier).toBe("tier_3");
    await expect(changeCustomer(admin, "acme", "tier", "gold", by)).rejects.toThrow(
      'tier (is "gold"): use one of',
    );
    expect((await findCustomer(admin, "acme")).tier).toBe("tier_3");
    expect((await usageOf(admin, "acme")).capNanos).toBe(definitions.tiers.tier_3!.monthlyBudget);
  });

  it.each([
    ["name", "Acme Ltd"],
    ["gcpProject", "acme-new"],
    ["gcpProject", null],
    ["stripeCustomer", "cus_123"],
  ] as const)("changes its %s to %j", async (field, value) => {
    await addCustomer(admin, acme, by);
    expect((await changeCustomer(admin, "acme", field, value, by))[field]).toBe(value);
    const [entry] = await readAudit(admin, { customerId: "acme", limit: 1 });
    expect(entry).toMatchObject({ actor: "ann", reason: "a test", after: { [field]: value } });
  });

  it("is found by each of its keys until the key ends", async () => {
    const { key: first } = await addCustomer(admin, acme, by);
    const second = await addKey(admin, "acme", undefined, by);
    expect([await ownerOf(first), await ownerOf(second.key)]).toEqual(["acme", "acme"]);
    const third = await addKey(admin, "acme", 24, by);
    expect([await ownerOf(first), await ownerOf(third.key)]).toEqual(["acme", "acme"]);
    await owner.query("update ledger.customer_keys set ends_at = now() where ends_at is not null");
    expect([await ownerOf(first), await ownerOf(second.key), await ownerOf(third.key)]).toEqual([
      undefined,
      undefined,
      "acme",
    ]);
    await revokeKey(admin, "acme", String(third.keyId), by);
    expect(await ownerOf(third.key)).toBeUndefined();
    expect((await listKeys(admin, "acme")).map(({ works }) => works)).toEqual([false, false, false]);
    await expect(revokeKey(admin, "acme", String(third.keyId), by)).rejects.toThrow(
      "has no such key that works",
    );
    await expect(revokeKey(admin, "acme", "x", by)).rejects.toThrow('keyId (is "x")');
  });

  it("is disabled and enabled again, for the agent and the guard alike", async () => {
    const { key } = await addCustomer(admin, acme, by);
    await setDisabled(admin, "acme", true, by);
    expect((await agent.customerByKeyHash(hashKey(key)))?.disabled).toBe(true);
    await setDisabled(admin, "acme", false, by);
    expect((await agent.customerByKeyHash(hashKey(key)))?.disabled).toBe(false);
    expect((await readAudit(admin, { limit: 9 })).map(({ action }) => action)).toEqual([
      "customer.enable",
      "customer.disable",
      "customer.add",
    ]);
  });

  it("sees zeros before its first call, and exact nano-dollars after it", async () => {
    await addCustomer(admin, acme, by);
    expect((await readOutlook(admin)).customers).toMatchObject([
      { customerId: "acme", spentNanos: 0, heldNanos: 0, capNanos: usd("8"), calls: 0, forecast: null },
    ]);
    await owner.query(
      `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, held_nanos, calls, updated_at)
       values ('acme', ledger.month_of(ledger.clock()), 'tier_1', 8000000000, 1234567891, 5, 3, now())`,
    );
    expect(await usageOf(admin, "acme")).toMatchObject({ spentNanos: 1_234_567_891, heldNanos: 5, calls: 3 });
  });
});

it("forecasts a customer, its tier and all of them from the days before", async () => {
  await addCustomer(admin, acme, by);
  await addCustomer(admin, { ...acme, customerId: "other", tier: "tier_2" }, by);
  for (const customer of ["acme", "other"]) await addFourWeeks(customer, () => "0.1");
  const { customers, totals } = await readOutlook(admin);
  const [one, other] = customers.map(({ forecast }) => forecast!);
  expect(one).toMatchObject({ basedOnDays: 28, lowNanos: one!.expectedNanos, highNanos: one!.expectedNanos });
  expect(one!.expectedNanos).toBe(other!.expectedNanos);
  expect(totals.map(({ name }) => name)).toEqual(["tier_1", "tier_2", "all"]);
  expect(Math.abs(totals[2]!.forecast!.expectedNanos - 2 * one!.expectedNanos)).toBeLessThanOrEqual(2);
  expect((await readOutlook(admin, "other")).customers).toHaveLength(1);
});

describe("a customer's budget month", () => {
  const monthOf = async (customerId: string) => {
    const { month, monthEnd } = await usageOf(admin, customerId);
    return { month, monthEnd };
  };
  /** Neither the calendar's nor today's. */
  const otherDay = (new Date().getUTCDate() % 27) + 2;

  it("begins on the day it was added with, for the agent and for operators alike", async () => {
    const { customer } = await addCustomer(admin, { ...acme, anchorDay: otherDay }, by);
    expect(customer).toMatchObject({ anchorDay: otherDay, anchorFrom: null });
    const { month, monthEnd } = await monthOf("acme");
    expect(new Date(month).getUTCDate()).toBe(otherDay);
    expect(new Date(monthEnd).getUTCDate()).toBe(otherDay);
    expect(await agent.usage("acme")).toMatchObject({ month, monthEnd });
    const { rows } = await owner.query("select month::text, month_end::text from ledger.customer_usage");
    expect(rows).toEqual([{ month, month_end: monthEnd }]);
  });

  it("keeps what is spent, and its end, when the day changes; the trail says from when it counts", async () => {
    await addCustomer(admin, acme, by);
    const before = await monthOf("acme");
    await addSession(owner, "acme", "s", usd("0.01"));
    await owner.query(
      `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, updated_at)
       values ('acme', ledger.month_of(now()), 'tier_1', 8000000000, 10000000, now())`,
    );
    const changed = await changeCustomer(admin, "acme", "anchorDay", "15", by);
    expect(changed).toMatchObject({ anchorDay: 15, anchorFrom: before.monthEnd });
    expect(await usageOf(admin, "acme")).toMatchObject({ ...before, spentNanos: usd("0.01") });
    expect(await readAudit(admin, { customerId: "acme", limit: 1 })).toMatchObject([
      {
        action: "customer.anchor",
        before: { anchorDay: 1 },
        after: { anchorDay: 15, from: before.monthEnd },
      },
    ]);
    expect(await changeCustomer(admin, "acme", "anchorDay", "1", by)).toMatchObject({
      anchorDay: 1,
      anchorFrom: null,
    });
  });

  it.each(["0", "32", "1.5", "first", "-1"])("does not begin on day %j", async (day) => {
    await addCustomer(admin, acme, by);
    await expect(changeCustomer(admin, "acme", "anchorDay", day, by)).rejects.toThrow(
      /^anchorDay \(is "[^"]+"\): use the day of the month .* from 1 to 31/,
    );
    expect(await findCustomer(admin, "acme")).toMatchObject({ anchorDay: 1 });
  });

  it("is imported, and taken back by an empty cell", async () => {
    await importCustomers(admin, "customer_id,tier,anchor_day\nacme,tier_1,31\n", true, by);
    expect(await findCustomer(admin, "acme")).toMatchObject({ anchorDay: 31 });
    const csv = "customer_id,tier,anchor_day\nacme,tier_1,\n";
    expect(await importCustomers(admin, csv, true, by)).toMatchObject([
      { does: "change", changes: { anchorDay: { from: 31, to: 1 } } },
    ]);
    await expect(
      importCustomers(admin, "customer_id,tier,anchor_day\nacme,tier_1,32\n", true, by),
    ).rejects.toThrow('line 2: anchorDay (is "32"): use the day');
  });

  it("adds up with months that end on another day: the totals expect what their customers do", async () => {
    await addCustomer(admin, acme, by);
    await addCustomer(admin, { ...acme, customerId: "other", anchorDay: otherDay }, by);
    for (const customer of ["acme", "other"])
      await addFourWeeks(customer, (day) => (day % 2 ? "0.1" : "0.3"));
    const { customers, totals } = await readOutlook(admin);
    const [one, other] = customers.map(({ forecast }) => forecast!);
    const all = totals.find(({ name }) => name === "all")!.forecast!;
    expect(all.expectedNanos).toBe(one!.expectedNanos + other!.expectedNanos);
    const up = (of: typeof one) => of!.highNanos - of!.expectedNanos;
    expect(up(all)).toBe(Math.round(Math.hypot(up(one), up(other))));
    expect(all).toMatchObject({ basedOnDays: 28, runsOutOn: null });
  });
});

describe("a change", () => {
  it("and its row of the trail are one transaction: without the row there is no change", async () => {
    await addCustomer(admin, acme, by);
    await owner.query("alter table ledger.audit add constraint broken check (action <> 'customer.tier')");
    try {
      await expect(changeCustomer(admin, "acme", "tier", "tier_3", by)).rejects.toThrow("broken");
      expect((await findCustomer(admin, "acme")).tier).toBe("tier_1");
    } finally {
      await owner.query("alter table ledger.audit drop constraint broken");
    }
  });

  it("cannot be taken out of the trail by the role that makes changes", async () => {
    await addCustomer(admin, acme, by);
    await expect(admin.query("delete from ledger.audit")).rejects.toThrow("permission denied");
    await expect(admin.query("update ledger.audit set actor = 'bob'")).rejects.toThrow("permission denied");
  });
});

describe("a deleted customer", () => {
  const calls = async (state: "posted" | "pending") => {
    await addCustomer(admin, acme, by);
    await addSession(owner, "acme", "s", usd("0.1"));
    await owner.query(
      `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, calls, updated_at)
       values ('acme', ledger.month_of(now()), 'tier_1', 8000000000, 10000000, 1, now())`,
    );
    await addCall(owner, { customer: "acme", session: "s", state, trace: "a".repeat(32) });
    await addCrossing(owner, "acme", 50, "1 minute");
    await addRefusal(owner, "acme", "session_calls", "1 minute");
  };

  it("leaves its amounts and nothing that names it", async () => {
    await calls("posted");
    await setDisabled(admin, "acme", true, by);
    const deleted = await deleteCustomer(admin, "acme", { actor: "ann", reason: "left" });
    expect(deleted).toMatchObject({ calls: 1, traceIds: ["a".repeat(32)] });
    const tables = await owner.query(
      "select table_name as name from information_schema.tables where table_schema = 'ledger' and table_type = 'BASE TABLE'",
    );
    for (const { name } of tables.rows) {
      const { rows } = await owner.query(`select * from ledger.${name}`);
      expect(`${name}: ${JSON.stringify(rows)}`).not.toMatch(/acme/i);
    }
    const { rows } = await owner.query("select customer_id, spent_nanos from ledger.customer_months");
    expect(rows).toEqual([{ customer_id: deleted.anonymousId, spent_nanos: "10000000" }]);
    const [entry] = await readAudit(admin, { limit: 1 });
    expect(entry).toMatchObject({
      action: "customer.delete",
      customerId: deleted.anonymousId,
      reason: "left",
    });
  });

  it("must be disabled, and have no call in flight", async () => {
    await calls("pending");
    await expect(deleteCustomer(admin, "acme", by)).rejects.toThrow(
      "not disabled yet; run `disable acme` first",
    );
    await setDisabled(admin, "acme", true, by);
    await expect(deleteCustomer(admin, "acme", by)).rejects.toThrow("1 calls are in flight; try again");
    expect((await findCustomer(admin, "acme")).name).toBe("Acme");
  });
});

describe("an import", () => {
  const csv = "customer_id,tier,gcp_project\nacme,tier_2,acme-new\nnew-one,tier_1,\n";

  it("says first what it would do, and does that in one transaction", async () => {
    await addCustomer(admin, acme, by);
    const planned = await importCustomers(admin, csv, false, by);
    expect(planned).toEqual([
      {
        customerId: "acme",
        does: "change",
        changes: {
          tier: { from: "tier_1", to: "tier_2" },
          gcpProject: { from: "acme-prod", to: "acme-new" },
        },
      },
      expect.objectContaining({ customerId: "new-one", does: "add" }),
    ]);
    expect(await listCustomers(admin)).toHaveLength(1);
    const done = await importCustomers(admin, csv, true, by);
    expect(await ownerOf(done[1]!.key!)).toBe("new-one");
    expect(await listCustomers(admin)).toMatchObject([
      { customerId: "acme", name: "Acme", tier: "tier_2", gcpProject: "acme-new" },
      { customerId: "new-one", name: "new-one", tier: "tier_1", gcpProject: null },
    ]);
    expect((await importCustomers(admin, csv, true, by)).map(({ does }) => does)).toEqual([
      "nothing",
      "nothing",
    ]);
  });

  it.each([
    [
      "customer_id,tier\nok,tier_1\nno spaces,tier_9\n",
      /line 3: customerId \(is "no spaces"\).*\nline 3: tier \(is "tier_9"\)/,
    ],
    ["customer_id,tier\ntwice,tier_1\ntwice,tier_1\n", 'line 3: customerId (is "twice"): is on two lines'],
    [
      "customer_id,plan\nok,tier_1\n",
      'The header (is "customer_id,plan"): use the columns customer_id, name, tier',
    ],
    ['customer_id,tier\n"ok,tier_1\n', "The file is not CSV with a header"],
  ])("of %j changes nothing and names each finding", async (wrong, message) => {
    await expect(importCustomers(admin, wrong, true, by)).rejects.toThrow(message);
    expect(await listCustomers(admin)).toEqual([]);
  });
});

it.each([
  ["findCustomer", () => findCustomer(admin, "nobody")],
  ["changeCustomer", () => changeCustomer(admin, "nobody", "tier", "tier_1", by)],
  ["setDisabled", () => setDisabled(admin, "nobody", true, by)],
  ["deleteCustomer", () => deleteCustomer(admin, "nobody", by)],
  ["addKey", () => addKey(admin, "nobody", undefined, by)],
  ["listKeys", () => listKeys(admin, "nobody")],
  ["revokeKey", () => revokeKey(admin, "nobody", "1", by)],
  ["usageOf", () => usageOf(admin, "nobody")],
])("%s of an unknown customer names it and how to see all", async (_, attempt) => {
  await expect(attempt()).rejects.toThrow('customerId (is "nobody"): no such customer; `list` shows all');
});

describe("the command", () => {
  const run = (...args: string[]) => runAt("customers", postgres.urls.ledger_admin, ...args);

  it("adds, shows and lists, as text and as JSON", async () => {
    const added = await run("add", "acme", "--tier", "tier_2", "--project", "acme-prod", "--json");
    expect(added.exitCode).toBe(0);
    const { key, ...customer } = JSON.parse(added.stdout) as { key: string; tier: string };
    expect(customer).toMatchObject({
      customerId: "acme",
      name: "acme",
      tier: "tier_2",
      gcpProject: "acme-prod",
    });
    expect(await ownerOf(key)).toBe("acme");

    const listed = await run("list", "--json");
    expect(JSON.parse(listed.stdout)).toMatchObject([{ customerId: "acme" }]);
    const shown = await run("show", "acme");
    expect(shown.stdout).toMatch(/acme.*tier_2.*acme-prod/);
    expect(shown.stdout).toMatch(/\$0\.00.*\$0\.00.*\$18\.00.*\$18\.00.*0\.0 %/);
    expect(shown.stdout).not.toContain(key);
  });

  it.each([
    [["add", "acme"], 2, "--tier"],
    [["frob"], 2, "unknown command"],
    [["show", "nobody"], 1, "no such customer"],
    [["disable", "acme"], 2, "--reason"],
    [["key", "add", "nobody"], 1, "no such customer"],
    [["import", "/does/not/exist.csv"], 1, 'file (is "/does/not/exist.csv"): cannot be read'],
    [["add", "acme", "--tier", "gold"], 2, 'tier (is "gold"): use one of tier_1, tier_2, tier_3'],
  ])("%j ends with %d and says %j", async (args, code, message) => {
    const { exitCode, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it("disables with a reason, and `tollgate audit` says who, when, from, to and why", async () => {
    await addCustomer(admin, acme, by);
    const disabled = await run("disable", "acme", "--reason", "unpaid invoices", "--by", "bob");
    expect(disabled).toMatchObject({ exitCode: 0, stdout: "acme is disabled.\n" });
    const audit = await runAt("audit", postgres.urls.ledger_admin, "--customer", "acme", "--limit", "1");
    expect(audit.stdout).toMatch(
      /20\d\d-.*bob.*customer\.disable.*acme.*disabledAt: none.*disabledAt: 20.*unpaid invoices/,
    );
    const wrong = await runAt("audit", postgres.urls.ledger_admin, "--limit", "many");
    expect(wrong).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("argument 'many' is invalid"),
    });
  });

  it("says so when the ledger cannot be reached", async () => {
    const url = "postgres://ledger_admin:secret@127.0.0.1:1/ledger";
    const { exitCode, stderr } = await runAt("customers", url, "list");
    expect(stderr).toContain("The ledger at 127.0.0.1:1 cannot be reached");
    expect(stderr).not.toContain("secret");
    expect(exitCode).toBe(1);
  });
});

function runAt(command: "customers" | "audit", TOLLGATE_LEDGER_URL: string, ...args: string[]) {
  return runCommand(command, args, { TOLLGATE_LEDGER_URL });
}
