import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { hashKey } from "../../app/ledger/key";
import { definitions, usd } from "../../litellm-config";
import { ports } from "../../catalogue";
import { startPostgres, type RunningPostgres } from "../../local/processes";
import { runJob } from "../../local/target";
import {
  addCustomer,
  changeTier,
  findCustomer,
  listCustomers,
  renewKey,
  usageOf,
} from "../../ops/customers/customers";
import { testMachine } from "../support/machine";

let folder: string;
let postgres: RunningPostgres;
let admin: Client;
let owner: Client;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "customers-"));
  const machine = await testMachine(folder);
  postgres = await startPostgres({
    port: machine.port(ports.postgres),
    dataDir: join(folder, "data"),
    logFile: join(folder, "postgres.log"),
    values: machine.values,
  });
  await runJob("gateway-migrations", machine);
  admin = new Client({ connectionString: postgres.urls.ledger_admin });
  owner = new Client({ connectionString: postgres.urls.ledger_owner });
  await Promise.all([admin.connect(), owner.connect()]);
});

afterAll(async () => {
  await Promise.all([admin.end(), owner.end()]);
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(() => owner.query("truncate ledger.customers cascade"));

const acme = { customerId: "acme", name: "Acme", tier: "tier_1", gcpProject: "acme-prod" };

const keyHash = async (customerId: string) =>
  (await owner.query("select key_hash from ledger.customers where customer_id = $1", [customerId])).rows[0]
    .key_hash;

describe("a new customer", () => {
  it("gets a key of its own, of which the ledger has only the hash", async () => {
    const first = await addCustomer(admin, acme);
    const second = await addCustomer(admin, { ...acme, customerId: "other" });
    expect(first.customer).toMatchObject({ ...acme, disabledAt: null });
    expect(first.key).toMatch(/^tollgate_[\w-]{43}$/);
    expect(second.key).not.toBe(first.key);
    expect(await keyHash("acme")).toBe(hashKey(first.key).toString("hex"));
    const { rows } = await owner.query("select * from ledger.customers");
    expect(JSON.stringify(rows)).not.toContain(first.key);
  });

  it.each([
    [{ customerId: "no spaces" }, /customerId \(is "no spaces"\): use 1 to 64 letters/],
    [{ customerId: "x".repeat(65) }, /customerId \(is "x+"\): use 1 to 64 letters/],
    [{ tier: "tier_9" }, /tier \(is "tier_9"\): name one of tier_1, tier_2, tier_3/],
    [{ name: " " }, /name \(is " "\): give the customer's name/],
    [{ gcpProject: "UPPER" }, /gcpProject \(is "UPPER"\): a Google Cloud project id has 6 to 30/],
  ])("with %j is refused: field, value and remedy", async (wrong, message) => {
    await expect(addCustomer(admin, { ...acme, ...wrong })).rejects.toThrow(message);
    expect(await listCustomers(admin)).toEqual([]);
  });

  it("with a taken id is refused, and the customer who has it keeps its key", async () => {
    const { key } = await addCustomer(admin, acme);
    await expect(addCustomer(admin, { ...acme, name: "Thief" })).rejects.toThrow(
      'customerId (is "acme"): taken already; choose another',
    );
    expect(await keyHash("acme")).toBe(hashKey(key).toString("hex"));
  });
});

describe("an existing customer", () => {
  it("changes its tier, and only to one that exists", async () => {
    await addCustomer(admin, acme);
    expect((await changeTier(admin, "acme", "tier_3")).tier).toBe("tier_3");
    await expect(changeTier(admin, "acme", "gold")).rejects.toThrow('tier (is "gold"): name one of');
    expect((await findCustomer(admin, "acme")).tier).toBe("tier_3");
    expect((await usageOf(admin, "acme"))[0]?.capNanos).toBe(definitions.tiers.tier_3!.monthlyBudget);
  });

  it("gets a new key, and the old one is forgotten", async () => {
    const { key } = await addCustomer(admin, acme);
    const renewed = await renewKey(admin, "acme");
    expect(await keyHash("acme")).toBe(hashKey(renewed).toString("hex"));
    expect(renewed).not.toBe(key);
  });

  it("sees zeros before its first call, and exact nano-dollars after it", async () => {
    await addCustomer(admin, acme);
    expect(await usageOf(admin)).toMatchObject([
      { customerId: "acme", spentNanos: 0, heldNanos: 0, capNanos: usd("8"), calls: 0 },
    ]);
    await owner.query(
      `insert into ledger.customer_months (customer_id, month, tier, cap_nanos, spent_nanos, held_nanos, calls, updated_at)
       values ('acme', ledger.month_of(ledger.clock()), 'tier_1', 8000000000, 1234567891, 5, 3, now())`,
    );
    expect(await usageOf(admin, "acme")).toMatchObject([
      { spentNanos: 1_234_567_891, heldNanos: 5, calls: 3 },
    ]);
  });
});

it.each([
  ["findCustomer", () => findCustomer(admin, "nobody")],
  ["changeTier", () => changeTier(admin, "nobody", "tier_1")],
  ["renewKey", () => renewKey(admin, "nobody")],
  ["usageOf", () => usageOf(admin, "nobody")],
])("%s of an unknown customer names it and how to see all", async (_, attempt) => {
  await expect(attempt()).rejects.toThrow('customerId (is "nobody"): no such customer; `list` shows all');
});

describe("the command", () => {
  const run = (...args: string[]) => runAt(postgres.urls.ledger_admin, ...args);

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
    expect(await keyHash("acme")).toBe(hashKey(key).toString("hex"));

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
    [["add", "acme", "--tier", "gold"], 1, 'tier (is "gold"): name one of tier_1, tier_2, tier_3'],
  ])("%j ends with %d and says %j", async (args, code, message) => {
    const { exitCode, stderr } = await run(...args);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  it("says so when the ledger cannot be reached", async () => {
    const url = "postgres://ledger_admin:secret@127.0.0.1:1/ledger";
    const { exitCode, stderr } = await runAt(url, "list");
    expect(stderr).toContain("The ledger at 127.0.0.1:1 cannot be reached");
    expect(stderr).not.toContain("secret");
    expect(exitCode).toBe(1);
  });
});

function runAt(TOLLGATE_LEDGER_URL: string, ...args: string[]) {
  const child = spawn(process.execPath, ["--import", "tsx", "ops/customers/main.ts", ...args], {
    env: { ...process.env, TOLLGATE_LEDGER_URL },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => (stdout += chunk));
  child.stderr.on("data", (chunk) => (stderr += chunk));
  return new Promise<{ exitCode: number | null; stdout: string; stderr: string }>((resolve) => {
    child.once("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}
