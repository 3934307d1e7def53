import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { usd, type NanoDollars } from "../../litellm-config";
import type { RunningPostgres } from "../../local/processes";
import type { RouteReport } from "../../ops/variants/compare";
import { LangfuseApiStandIn } from "../support/langfuse";
import { startLedger } from "../support/ledger";

const OPUS = "claude-opus-5-5";
const SONNET = "claude-sonnet-5-5";
const FALLBACK = "gemini-3.1-pro-preview";

interface Printed {
  routes: RouteReport[];
  note?: string;
}

let folder: string;
let postgres: RunningPostgres;
let owner: Client;
const langfuse = new LangfuseApiStandIn();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "variants-"));
  ({ postgres } = await startLedger(folder));
  owner = new Client({ connectionString: postgres.urls.ledger_owner });
  await Promise.all([owner.connect(), langfuse.start()]);
  await owner.query(
    "INSERT INTO ledger.customers (customer_id, name, tier) VALUES ('acme', 'acme', 'tier_1')",
  );
});

afterAll(async () => {
  await owner?.end();
  await Promise.all([postgres?.stop(), langfuse.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  langfuse.judged.length = 0;
  await owner.query("truncate ledger.recent_calls, ledger.refusals");
});

interface Calls {
  count: number;
  model: string | null;
  /** The cost of the n-th call. */
  cost?: (at: number) => NanoDollars;
  seconds?: (at: number) => number;
  outcome?: string;
  route?: string;
  queryType?: string;
  daysAgo?: number;
  state?: string;
  cacheHit?: boolean;
  trace?: (at: number) => string;
}

async function addCalls({ count, model, ...call }: Calls): Promise<void> {
  for (let at = 0; at < count; at++) {
    await owner.query(
      `INSERT INTO ledger.recent_calls (call_id, customer_id, month, session_id, plan_tier, query_type, tools_invoked, environment,
         route, model_asked, model_used, decision, state, outcome, held_nanos, cost_nanos, prompt_bound, held_tokens, cache_hit,
         reserved_at, lease_until, settled_at, trace_id)
       SELECT gen_random_uuid(), 'acme', ledger.month_of(at), 's', 'tier_1', $1, '{}', 'local', $2, $2, $3, 'allowed', $4, $5, 0, $6,
         100, 200, $7, at, at, at + make_interval(secs => $8), $9
       FROM (SELECT now() - make_interval(days => $10, mins => 1) AS at) period`,
      [
        call.queryType ?? "recommendation",
        call.route ?? "deep",
        model,
        call.state ?? "posted",
        call.outcome ?? "success",
        call.cost?.(at) ?? usd("0.01"),
        call.cacheHit ?? false,
        call.seconds?.(at) ?? 2,
        call.trace?.(at) ?? null,
        call.daysAgo ?? 0,
      ],
    );
  }
}

function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const TOLLGATE_LEDGER_URL = postgres.urls.ledger_admin;
  return new Promise<{ exitCode: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ["cli/tollgate.mjs", "variants", ...args],
      { env: { ...process.env, TOLLGATE_LEDGER_URL, ...env } },
      (error, stdout, stderr) => resolve({ exitCode: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

async function printed(args: string[] = [], env?: NodeJS.ProcessEnv): Promise<Printed> {
  const { exitCode, stdout, stderr } = await run([...args, "--json"], env);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  return JSON.parse(stdout) as Printed;
}

const spread = (middle: number) => (at: number) => middle + ((at % 5) - 2) * (middle / 20);

it("says which variant costs less beyond chance, and that their times may differ by chance", async () => {
  await addCalls({ count: 40, model: OPUS, cost: spread(usd("0.02")), seconds: spread(2) });
  await addCalls({ count: 40, model: SONNET, cost: spread(usd("0.01")), seconds: spread(2) });
  const { routes, note } = await printed();
  expect(note).toContain("No scores: set LANGFUSE_HOST");
  const [{ route, queryTypes, differences, verdict }] = routes as [RouteReport];
  expect(route).toBe("deep");
  expect(queryTypes[0]!.models).toEqual([
    expect.objectContaining({ model: OPUS, role: "variant", weightPercent: 50, calls: 40, score: null }),
    expect.objectContaining({ model: SONNET, role: "variant", weightPercent: 50, calls: 40 }),
  ]);
  const { value, low, high } = queryTypes[0]!.models[1]!.cost!;
  expect(value).toBe(usd("0.01"));
  // 40 costs of $0.0090 to $0.0110 in five even steps; Student's t for 39 degrees of freedom is 2.0227.
  const half = 2.0227 * Math.sqrt(((40 / 39) * 2 * usd("0.0005") ** 2) / 40);
  expect([value - low, high - value]).toEqual([expect.closeTo(half, -3), expect.closeTo(half, -3)]);
  expect(differences.map(({ measure, beyondChance }) => [measure, beyondChance])).toEqual([
    ["cost", true],
    ["seconds", false],
    ["failed", false],
  ]);
  expect(verdict).toMatch(
    /^Beyond chance: on recommendation, claude-sonnet-5-5 against claude-opus-5-5: \$0\.01 less a call \(\$0\.009\d+ to \$0\.010\d+\)\. The other differences may be chance\.$/,
  );

  const { stdout } = await run([]);
  expect(stdout).toMatch(
    /claude-sonnet-5-5 +│ 50 % +│ 40 +│ \$0\.01 \(\$0\.009\d+ to \$0\.01\d+\) +│ 2\.00 s/,
  );
  expect(stdout).toContain(verdict);
});

it("finds nothing where the variants are alike, and too little where calls are few", async () => {
  await addCalls({ count: 30, model: OPUS, cost: spread(usd("0.01")) });
  await addCalls({ count: 29, model: SONNET, cost: spread(usd("0.05")) });
  expect((await printed()).routes[0]!.verdict).toBe(
    "Too few calls to compare: each variant needs 30 of a query type.",
  );
  await owner.query("truncate ledger.recent_calls");
  for (const model of [OPUS, SONNET]) await addCalls({ count: 30, model, cost: spread(usd("0.01")) });
  expect((await printed()).routes[0]!.verdict).toBe("No difference between its variants is beyond chance.");
});

it("does not mix query types: what costs more is not the model that got the harder ones", async () => {
  await addCalls({ count: 90, model: OPUS, cost: spread(usd("0.05")), queryType: "recommendation" });
  await addCalls({ count: 30, model: SONNET, cost: spread(usd("0.05")), queryType: "recommendation" });
  await addCalls({ count: 30, model: OPUS, cost: spread(usd("0.01")), queryType: "action" });
  await addCalls({ count: 90, model: SONNET, cost: spread(usd("0.01")), queryType: "action" });
  const [{ differences }] = (await printed()).routes as [RouteReport];
  expect(differences.map(({ queryType }) => queryType)).toEqual([
    ...Array<string>(3).fill("action"),
    ...Array<string>(3).fill("recommendation"),
  ]);
  expect(differences.some(({ beyondChance }) => beyondChance)).toBe(false);
});

it("counts failures, with their costs, and lists fallbacks and former variants after the variants", async () => {
  await addCalls({ count: 60, model: OPUS });
  await addCalls({ count: 40, model: SONNET });
  await addCalls({ count: 20, model: SONNET, outcome: "timeout", seconds: () => 60 });
  await addCalls({ count: 40, model: FALLBACK });
  await addCalls({ count: 1, model: "gemini-3.5-flash-lite" });
  await addCalls({ count: 2, model: null, outcome: "expired" });
  const [{ queryTypes, differences, verdict }] = (await printed()).routes as [RouteReport];
  const rows = queryTypes[0]!.models.map(({ model, role, calls, failed }) => [
    model,
    role,
    calls,
    failed!.value,
  ]);
  expect(rows).toEqual([
    [OPUS, "variant", 60, 0],
    [SONNET, "variant", 60, expect.closeTo(1 / 3, 10)],
    [FALLBACK, "fallback", 40, 0],
    ["gemini-3.5-flash-lite", "former", 1, 0],
    [null, null, 2, 1],
  ]);
  // Only answers have a time, and a fallback's calls are those that a variant could not answer.
  expect(queryTypes[0]!.models[1]!.seconds!.value).toBe(2);
  expect(
    differences.every(({ model, against }) => [model, against].sort().join() === [OPUS, SONNET].join()),
  ).toBe(true);
  expect(verdict).toMatch(/claude-sonnet-5-5 against claude-opus-5-5: 33\.3 points more failures \(\d/);
});

it("leaves out the cache's answers, calls that were never sent, those in flight and those before the period", async () => {
  await addCalls({ count: 2, model: OPUS });
  await addCalls({ count: 3, model: OPUS, cacheHit: true, cost: () => 0 });
  await addCalls({ count: 4, model: null, state: "voided", outcome: "failure", cost: () => 0 });
  await addCalls({ count: 5, model: OPUS, daysAgo: 10 });
  const callsOf = ({ routes }: Printed) => routes[0]!.queryTypes[0]!.models.map(({ calls }) => calls);
  expect(callsOf(await printed(["--days", "9"]))).toEqual([2]);
  expect(callsOf(await printed())).toEqual([7]);
});

it("shows what the guard refused of a route and a query type, which no model was chosen for", async () => {
  await addCalls({ count: 9, model: OPUS });
  await owner.query(
    `INSERT INTO ledger.refusals (at, customer_id, session_id, month, reason, route, query_type)
     VALUES (now() - interval '1 minute', 'acme', 's', ledger.month_of(now()), 'month_budget', 'deep', 'recommendation')`,
  );
  const [{ queryTypes }] = (await printed(["--route", "deep"])).routes as [RouteReport];
  expect(queryTypes[0]!.refused).toMatchObject({
    value: 0.1,
    low: expect.closeTo(0.0179, 4),
    high: expect.closeTo(0.4042, 4),
  });
  expect((await printed(["--route", "simple"])).routes).toEqual([]);
  expect((await run([])).stdout).toContain(
    "Refused by the guard, before a model was chosen: recommendation 10.0 % (1.8 % to 40.4 %).",
  );
});

describe("with Langfuse", () => {
  const env = () => ({
    LANGFUSE_HOST: langfuse.url,
    LANGFUSE_PUBLIC_KEY: langfuse.publicKey,
    LANGFUSE_SECRET_KEY: langfuse.secretKey,
  });
  const traceOf = (model: string, at: number) =>
    `${model === OPUS ? "a" : "b"}${at.toString(16).padStart(31, "0")}`;

  it("compares the judge's scores, of every page, and of traces that are one model's alone", async () => {
    for (const model of [OPUS, SONNET]) {
      await addCalls({ count: 60, model, trace: (at) => traceOf(model, at) });
      for (let at = 0; at < 60; at++) {
        const value = (model === OPUS ? 0.9 : 0.6) + (at % 3) * 0.01;
        const subject =
          at % 2
            ? { kind: "trace" as const, id: traceOf(model, at) }
            : { kind: "observation" as const, id: "0123456789abcdef", traceId: traceOf(model, at) };
        langfuse.judged.push({
          name: "question-answered",
          value,
          timestamp: new Date().toISOString(),
          subject,
        });
      }
    }
    langfuse.judged.push({ ...langfuse.judged[0]!, name: "another", value: 0 });
    langfuse.judged.push({ ...langfuse.judged[0]!, value: 0, timestamp: "2020-01-01T00:00:00.000Z" });
    // The first trace of one has a call of the other too.
    await addCalls({ count: 1, model: SONNET, trace: () => traceOf(OPUS, 0) });
    const { routes, note } = await printed([], env());
    expect(note).toBeUndefined();
    const [{ queryTypes, differences, verdict }] = routes as [RouteReport];
    expect(queryTypes[0]!.models.map(({ score }) => score)).toEqual([
      expect.objectContaining({ traces: 59, value: expect.closeTo(0.91, 2) }),
      expect.objectContaining({ traces: 60, value: expect.closeTo(0.61, 10) }),
    ]);
    expect(differences.find(({ measure }) => measure === "score")).toMatchObject({ beyondChance: true });
    expect(verdict).toContain(
      "claude-sonnet-5-5 against claude-opus-5-5: 0.30 lower in score (0.30 to 0.30)",
    );
  });

  it.each([
    [() => ({ ...env(), LANGFUSE_SECRET_KEY: "wrong" }), "refuses the keys (401)"],
    [() => ({ ...env(), LANGFUSE_HOST: "http://127.0.0.1:1" }), "does not answer"],
  ])("compares the rest when it cannot give scores, and says why", async (environment, reason) => {
    await addCalls({ count: 2, model: OPUS });
    const { exitCode, stdout } = await run([], environment());
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`No scores: Langfuse at http://127.0.0.1`);
    expect(stdout).toContain(reason);
    expect(stdout).toContain(OPUS);
  });
});

it.each([
  [["--days", "0"], "use a whole number from 1 to 400"],
  [["--route", "moon"], "Allowed choices are simple, analysis, deep, economy"],
])("answers %j with exit code 2", async (args, message) => {
  const { exitCode, stderr } = await run(args);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

it("says so where there are no calls", async () => {
  expect((await run([])).stdout).toMatch(/^Calls from .*Z to .*Z\.\n\nThere are none\.\n$/);
});
