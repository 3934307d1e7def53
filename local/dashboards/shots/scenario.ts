import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ports } from "../../../catalogue";
import { definitions } from "../../../litellm-config";
import { addCustomer } from "../../../ops/customers/changes";
import { findCustomer } from "../../../ops/customers/customer";
import { addKey } from "../../../ops/customers/keys";
import { paths } from "../../../ops/workspace/paths";
import { withClient } from "../../../ops/workspace/pg-client";
import { ensureSecrets, localSecret } from "../../../ops/workspace/secrets";
import { connectAgent } from "../../agent-client";
import { writeAnswers, writeMetrics, writeSpend } from "./past";

/** Where the scenario is played. */
export interface Stage {
  agent: string;
  simulator: string;
  prometheus: string;
  portOffset: number;
}

interface Player {
  id: string;
  key: string;
}

const CUSTOMERS = [
  { customerId: "harbour-coffee", name: "Harbour Coffee", tier: "tier_3", gcpProject: "harbour-prod" },
  { customerId: "northwind-bikes", name: "Northwind Bikes", tier: "tier_2", gcpProject: "northwind-prod" },
  { customerId: "kite-labs", name: "Kite Labs", tier: "tier_2", gcpProject: "kite-prod" },
  { customerId: "olive-press", name: "Olive Press", tier: "tier_1", gcpProject: "olive-prod" },
];

const BY = { actor: "dashboards:shots" };

const QUESTIONS = [
  "How much did we spend last week?",
  "Why did my costs go up last week?",
  "What should we change to save money?",
  "What did BigQuery cost by project last month?",
];

/** The share of its month's budget that each has left when the scenario begins; the last two are used up in it. */
const LEFT: Record<string, number> = {
  "harbour-coffee": 0.46,
  "northwind-bikes": 0.151,
  "kite-labs": 0.051,
  "olive-press": 0.002,
};

/** Seconds between rounds: each is seen by its own scrape. */
const PAUSE = 6;
const ROUNDS = 8;
/** Seconds of the outage: longer than Provider Down waits. */
const OUTAGE = 170;

/**
 * Puts through the stack what the dashboards are there to show: a month of spend, conversations of four customers, budgets that
 * run out, a provider that fails and is replaced, an outage of both until an alert fires, and its end. Takes about six minutes.
 *
 * @param report what happens, for a person who waits
 */
export async function playScenario(stage: Stage, report: (what: string) => void): Promise<void> {
  const players = await addPlayers(stage);
  report("a month before this one");
  await givePast(stage);
  try {
    report(`conversations of ${players.length} customers`);
    await rounds(stage, players, ROUNDS / 2);
    report("budgets that run out");
    await leaveOfMonth(stage);
    await rounds(stage, players, ROUNDS / 2);
    report("a provider that fails, and its fallback");
    await behave(stage, { match: { model: "claude-sonnet-5-5" }, status: 529, times: 12 });
    await rounds(stage, players, 3);
    report(`an outage of both providers, ${OUTAGE} seconds`);
    for (const model of Object.keys(definitions.models))
      await behave(stage, { match: { model }, status: 503 });
    const until = Date.now() + OUTAGE * 1000;
    while (Date.now() < until) await rounds(stage, players.slice(0, 2), 1);
    report("the providers are back");
    await behaveWell(stage);
    await rounds(stage, players, ROUNDS / 2);
  } finally {
    await behaveWell(stage);
  }
}

/** A conversation of each customer a round: one to three questions, then the client leaves. */
async function rounds({ agent }: Stage, players: Player[], count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    for (const [i, { key }] of players.entries()) {
      // On a busy machine a connection may fail: one conversation less.
      const client = await connectAgent(agent, key).catch(() => undefined);
      if (!client) continue;
      for (let turn = 0; turn <= (round + i) % 3; turn++)
        // A refusal or an outage is an answer too, and part of the picture.
        await client.ask(QUESTIONS[(round + i + turn) % QUESTIONS.length]!).catch(() => undefined);
      await client.end();
    }
    await sleep(PAUSE * 1000);
  }
}

function addPlayers({ portOffset }: Stage): Promise<Player[]> {
  return withClient(ledgerUrl("ledger-admin-url", portOffset), async (ledger) => {
    const players: Player[] = [];
    for (const customer of CUSTOMERS) {
      const id = customer.customerId;
      const exists = await findCustomer(ledger, id).catch(() => undefined);
      const { key } = await (exists ? addKey(ledger, id, 0, BY) : addCustomer(ledger, customer, BY));
      players.push({ id, key });
    }
    return players;
  });
}

async function givePast({ portOffset, prometheus }: Stage): Promise<void> {
  const customers = CUSTOMERS.map(({ customerId, tier }) => ({
    customerId,
    tier,
    spent: Math.round(definitions.tiers[tier]!.monthlyBudget * (1 - LEFT[customerId]!)),
  }));
  const dollars = await withClient(ledgerUrl("ledger-owner-url", portOffset), (ledger) =>
    writeSpend(ledger, customers),
  );
  if (dollars === undefined) return;
  const query = encodeURIComponent(`min(process_start_time_seconds{job="prometheus"})`);
  const response = await fetch(`${prometheus}/api/v1/query?query=${query}`);
  const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
  const started = Number(data.result[0]?.value[1] ?? Date.now() / 1000);
  const folder = join(paths.data, "prometheus");
  writeMetrics(folder, started, dollars);
  await writeAnswers(folder, started);
}

/** Uses up budgets as a month of questions would. */
async function leaveOfMonth({ portOffset }: Stage): Promise<void> {
  await withClient(ledgerUrl("ledger-owner-url", portOffset), async (ledger) => {
    for (const [customer, share] of Object.entries(LEFT))
      await ledger.query(
        `UPDATE ledger.customer_months SET spent_nanos = (cap_nanos * (1 - $2::float8))::bigint
         WHERE customer_id = $1 AND month = ledger.month_of(now())`,
        [customer, share],
      );
  });
}

function ledgerUrl(secret: "ledger-admin-url" | "ledger-owner-url", portOffset: number): string {
  return localSecret(secret, ensureSecrets(), ports.postgres + portOffset);
}

async function behaveWell({ simulator }: Stage): Promise<void> {
  await fetch(`${simulator}/_simulator/behaviour`, { method: "DELETE" });
}

async function behave({ simulator }: Stage, behaviour: object): Promise<void> {
  const response = await fetch(`${simulator}/_simulator/behaviour`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(behaviour),
  });
  if (!response.ok) throw new Error(`The simulator refuses a behaviour: ${await response.text()}`);
}
