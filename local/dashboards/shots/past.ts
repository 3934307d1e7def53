import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client } from "pg";
import { createMetrics, type Metrics } from "../../../app/telemetry/metrics";
import { records } from "../../../dashboards/prometheus/rules/recording";
import { definitions, NANOS_PER_DOLLAR, type NanoDollars } from "../../../litellm-config";
import { requireTool } from "../../processes";

/** A customer whose past is written. */
interface PastCustomer {
  customerId: string;
  tier: string;
  /** What the budget month so far cost. */
  spent: NanoDollars;
}

const DAYS = 29;
const DAY = 86_400;
/** Seconds between two samples: Prometheus takes a value for gone after five minutes. */
const STEP = 240;

/** What the answers of the past were for, of which model, which part of the money they took, and dollars a call. */
const KINDS = [
  { queryType: "simple_lookup", model: "gemini-3.8-flash", part: 0.35, dollars: 0.002 },
  { queryType: "cost_analysis", model: "claude-sonnet-5-5", part: 0.45, dollars: 0.006 },
  { queryType: "recommendation", model: "claude-opus-5-5", part: 0.2, dollars: 0.02 },
];

const JOBS = ["agent", "alertmanager", "gateway", "ledger-exporter", "prometheus"];

/** How busy customers are at a moment (seconds since 1970), around 1: by office hours (UTC), weekday, and some chance. */
function activity(time: number): number {
  const hour = (time % DAY) / 3_600;
  const day = Math.floor(time / DAY);
  const isWeekend = [2, 3].includes(day % 7);
  const office = Math.exp(-(((hour - 13) / 4.5) ** 2)) * 2.6;
  const chance = 1 + 0.22 * Math.sin(day * 1.7) + 0.1 * Math.sin(time / 1_900) + 0.06 * Math.sin(time / 430);
  return (isWeekend ? 0.35 : 1) * (0.08 + office) * chance;
}

/**
 * Writes a month of spend into the ledger's totals, as months of questions would, so that what is spent since the first adds up
 * to what each customer's month cost. Does nothing where there is a past already.
 *
 * @param ledger connected as `ledger_owner`
 * @returns dollars an hour of all customers together at activity 1; undefined where there was a past
 */
export async function writeSpend(ledger: Client, customers: PastCustomer[]): Promise<number | undefined> {
  const today = Math.floor(Date.now() / 1000 / DAY) * DAY;
  const { rowCount } = await ledger.query(
    "SELECT 1 FROM ledger.spend_hours WHERE hour < now() - interval '1 day' LIMIT 1",
  );
  if (rowCount) return undefined;
  const start = today - DAYS * DAY;
  const hours = Array.from(
    { length: Math.floor((Date.now() / 1000 - start) / 3_600) },
    (_, i) => start + i * 3_600,
  );
  const monthStart = Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth()) / 1000;
  const busy = (list: number[]) => list.reduce((sum, hour) => sum + activity(hour), 0);
  const ofMonth = busy(hours.filter((hour) => hour >= monthStart)) || busy(hours);
  const rows = customers.flatMap(({ customerId, tier, spent }) =>
    hours.flatMap((hour) =>
      KINDS.map(({ queryType, model, part, dollars }) => {
        const nanos = Math.round((spent * part * activity(hour)) / ofMonth);
        return {
          customerId,
          tier,
          hour,
          queryType,
          model,
          nanos,
          calls: Math.ceil(nanos / dollars / NANOS_PER_DOLLAR),
        };
      }),
    ),
  );
  await ledger.query(
    `INSERT INTO ledger.spend_hours
     SELECT to_timestamp(hour), 'local', tier, "queryType", model, sum(calls), 0, sum(nanos)
     FROM jsonb_to_recordset($1) AS past (hour float8, tier text, "queryType" text, model text, calls int, nanos bigint)
     GROUP BY 1, 3, 4, 5 ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
  await ledger.query(
    `INSERT INTO ledger.customer_days
     SELECT (to_timestamp(hour) AT TIME ZONE 'UTC')::date, "customerId", 'local', tier, sum(calls), sum(nanos)
     FROM jsonb_to_recordset($1) AS past (hour float8, "customerId" text, tier text, calls int, nanos bigint)
     GROUP BY 1, 2, 4 ON CONFLICT DO NOTHING`,
    [JSON.stringify(rows)],
  );
  return customers.reduce((sum, { spent }) => sum + spent, 0) / ofMonth / NANOS_PER_DOLLAR;
}

interface Series {
  name: string;
  labels?: Record<string, string>;
  at: (time: number) => number;
}

/**
 * Puts the same month into Prometheus: the gauges and counters behind the dashboards of days and weeks.
 *
 * @param data Prometheus's own folder, which it reads once a minute
 * @param until seconds since 1970: when the stack started
 * @param dollars an hour at activity 1
 */
export function writeMetrics(data: string, until: number, dollars: number): void {
  const from = Math.floor(until / DAY) * DAY - DAYS * DAY;
  const series = seriesOf(dollars, from);
  // A day at a time: promtool reads the whole text anew for every two hours of it.
  for (let day = from; day < until; day += DAY) {
    const times: number[] = [];
    for (let time = day; time < Math.min(day + DAY, until); time += STEP) times.push(time);
    backfill(series.map((each) => lines(each, times)).join(""), data);
  }
}

const ANSWER_HOURS = 12;
const QUESTIONS_AN_HOUR = 3_000;
/** Seconds between two scrapes of the agent: a rate needs two of them. */
const SCRAPE = 30;

/** What is asked, which part of the questions it is, and the seconds of half of its answers. */
const ASKED = [
  { queryType: "simple_lookup", part: 0.5, seconds: 0.8, calls: 1, tool: "get-spend" },
  { queryType: "cost_analysis", part: 0.35, seconds: 2.2, calls: 2, tool: "compare-periods" },
  { queryType: "recommendation", part: 0.15, seconds: 4.5, calls: 3, tool: "list-recommendations" },
];

/**
 * Puts the last hours of the agent into Prometheus: what its own counters had measured of that many answers.
 *
 * @param data Prometheus's own folder
 * @param until seconds since 1970: when the stack started
 */
export async function writeAnswers(data: string, until: number): Promise<void> {
  const agent = createMetrics();
  const chance = chances();
  const samples: string[] = [];
  let due = 0;
  for (let time = until - ANSWER_HOURS * 3_600; time < until; time += SCRAPE) {
    for (due += (QUESTIONS_AN_HOUR * activity(time) * SCRAPE) / 3_600; due >= 1; due--) answer(agent, chance);
    agent.sessionsActive.set(Math.round(9 * activity(time)));
    for (const line of (await agent.registry.metrics()).split("\n"))
      if (line.startsWith("tollgate_")) samples.push(`${line} ${time}\n`);
  }
  backfill(samples.join(""), data);
}

function answer(agent: Metrics, chance: () => number): void {
  const pick = chance();
  const [lookup, analysis, advice] = ASKED as [(typeof ASKED)[0], (typeof ASKED)[0], (typeof ASKED)[0]];
  const { queryType, seconds, calls, tool } =
    pick < lookup.part ? lookup : pick < lookup.part + analysis.part ? analysis : advice;
  const isUsers = chance() < 0.02;
  const outcome = isUsers ? "user_error" : "ok";
  // Log-logistic: most answers are near the median, and one of twenty takes nearly twice as long.
  const at = Math.min(0.99, Math.max(0.01, chance()));
  const took = seconds * (at / (1 - at)) ** 0.22;
  agent.requests.inc({ method: "tools/call", outcome });
  agent.querySeconds.observe({ query_type: queryType, outcome }, took);
  agent.toolRuns.inc({ tool: "ask", outcome });
  agent.toolSeconds.observe({ tool: "ask" }, took);
  agent.llmCallsPerQuery.observe({ query_type: queryType }, calls + Math.floor(chance() * 1.6));
  for (let i = 0; i < calls; i++) {
    agent.toolRuns.inc({ tool, outcome: chance() < 0.01 ? "user_error" : "ok" });
    agent.toolSeconds.observe({ tool }, 0.01 + 0.2 * chance() ** 3);
  }
  if (chance() < 0.3) agent.conversationTurns.observe(1 + Math.floor(5 * chance() ** 2));
}

/** Numbers from 0 to 1 without an order that a person sees, the same ones each time. */
function chances(): () => number {
  let state = 1;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

/**
 * Adds samples of the past to Prometheus's folder.
 *
 * @param samples in OpenMetrics, with times, without its end mark
 */
export function backfill(samples: string, data: string): void {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-past-"));
  try {
    const file = join(folder, "past.txt");
    writeFileSync(file, `${samples}# EOF\n`);
    const args = ["tsdb", "create-blocks-from", "openmetrics", "--quiet", file, data];
    execFileSync(requireTool("promtool"), args, { stdio: "pipe" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function lines({ name, labels = {}, at }: Series, times: number[]): string {
  const text = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return times.map((time) => `${name}{${text.join(",")}} ${at(time)} ${time}\n`).join("");
}

function seriesOf(dollars: number, from: number): Series[] {
  const rate = (time: number) => dollars * activity(time);
  const spent = spentBetween(rate, from - 32 * DAY);
  const dayOf = (time: number) => Math.floor(time / DAY) * DAY;
  const hourOf = (time: number) => Math.floor(time / 3_600) * 3_600;
  const nanos = (start: (time: number) => number) => (time: number) =>
    Math.round(spent(start(time), time) * NANOS_PER_DOLLAR);
  const fleet = (what: string, period: string, at: Series["at"]): Series => ({
    name: `tollgate_fleet_${what}_nanodollars`,
    labels: { period },
    at,
  });
  const { dailyBudget, hourlyBudget } = definitions.fleet;
  return [
    ...JOBS.map((job): Series => ({ name: "up", labels: { job }, at: () => 1 })),
    { name: records.spendRate, at: rate },
    { name: records.spendAverage, at: (time) => spent(time - DAY, time) / 24 },
    fleet("used", "day", nanos(dayOf)),
    fleet("used", "hour", nanos(hourOf)),
    fleet("limit", "day", () => dailyBudget),
    fleet("limit", "hour", () => hourlyBudget),
    ...counters((time) => spent(from, time)),
  ];
}

/** What the guard counts, from the dollars so far. */
function counters(dollars: (time: number) => number): Series[] {
  const counter = (name: string, labels: Record<string, string>, aDollar: number): Series => ({
    name: `tollgate_guard_${name}_total`,
    labels,
    at: (time) => Math.round(dollars(time) * aDollar),
  });
  const nanos = NANOS_PER_DOLLAR;
  return [
    ...KINDS.map(({ model, part }) => counter("spend_nanodollars", { model }, part * nanos)),
    ...KINDS.map(({ model, part }) => counter("litellm_spend_nanodollars", { model }, part * nanos)),
    ...KINDS.map(({ model, part }) => counter("cache_hits", { model }, 15 * part)),
    ...KINDS.map(({ model, part }) => counter("cache_saved_nanodollars", { model }, 0.06 * part * nanos)),
    ...KINDS.filter(({ model }) => model.startsWith("claude")).flatMap(({ model, part }) => [
      counter("provider_cache_saved_nanodollars", { model }, 1.4 * part * nanos),
      counter("provider_cache_writes_nanodollars", { model }, 0.2 * part * nanos),
    ]),
    counter("decisions", { decision: "allowed", tier: "tier_2" }, 220),
    counter("decisions", { decision: "degraded", tier: "tier_2" }, 8),
    counter("decisions", { decision: "refused", tier: "tier_2", reason: "tokens_per_minute" }, 2),
    counter("tokens", { kind: "prompt" }, 520_000),
    counter("tokens", { kind: "cached" }, 310_000),
    counter("tokens", { kind: "cache_write_5m" }, 60_000),
    counter("tokens", { kind: "completion" }, 24_000),
  ];
}

/** Dollars between two moments, at a rate of dollars an hour. */
function spentBetween(rate: (time: number) => number, from: number): (start: number, end: number) => number {
  const step = 900;
  const sums = [0];
  const until = (time: number) => {
    const steps = Math.max(0, (time - from) / step);
    while (sums.length <= steps + 1)
      sums.push(sums.at(-1)! + (rate(from + (sums.length - 1) * step) * step) / 3_600);
    const whole = Math.floor(steps);
    return sums[whole]! + (sums[whole + 1]! - sums[whole]!) * (steps - whole);
  };
  return (start, end) => until(end) - until(start);
}
