import { setTimeout as sleep } from "node:timers/promises";
import { ports } from "../../../catalogue";
import { definitions } from "../../../litellm-config";
import { addCustomer } from "../../../ops/customers/changes";
import { findCustomer } from "../../../ops/customers/customer";
import { addKey } from "../../../ops/customers/keys";
import { withClient } from "../../../ops/workspace/pg-client";
import { ensureSecrets, localSecret } from "../../../ops/workspace/secrets";
import { connectAgent, type AgentClient } from "../../agent-client";

/** Where the scenario is played. */
export interface Stage {
  agent: string;
  simulator: string;
  portOffset: number;
}

interface Player {
  id: string;
  client: AgentClient;
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

/** Seconds between rounds: each is seen by its own scrape. */
const PAUSE = 6;
const ROUNDS = 8;
/** Seconds of the outage: longer than Provider Down waits. */
const OUTAGE = 170;

/**
 * Puts through the stack what the dashboards are there to show: conversations of four customers, budgets that run out, a
 * provider that fails and is replaced, and an outage of both until an alert fires. Takes about five minutes.
 *
 * @param report what happens, for a person who waits
 */
export async function playScenario(stage: Stage, report: (what: string) => void): Promise<void> {
  const players = await connectPlayers(stage);
  try {
    report(`conversations of ${players.length} customers`);
    await rounds(players, ROUNDS / 2);
    report("budgets that run out");
    await leaveOfMonth(stage, { "northwind-bikes": 0.151, "kite-labs": 0.051, "olive-press": 0.002 });
    await rounds(players, ROUNDS / 2);
    report("a provider that fails, and its fallback");
    await behave(stage, { match: { model: "claude-sonnet-5-5" }, status: 529, times: 12 });
    await rounds(players, 3);
    report(`an outage of both providers, ${OUTAGE} seconds`);
    for (const model of Object.keys(definitions.models))
      await behave(stage, { match: { model }, status: 503 });
    const until = Date.now() + OUTAGE * 1000;
    while (Date.now() < until) await rounds(players.slice(0, 2), 1);
  } finally {
    await fetch(`${stage.simulator}/_simulator/behaviour`, { method: "DELETE" });
    for (const { client } of players) await client.close();
  }
}

async function rounds(players: Player[], count: number): Promise<void> {
  for (let round = 0; round < count; round++) {
    for (const [i, { client }] of players.entries()) {
      // A refusal or an outage is an answer too, and part of the picture.
      const ask = (at: number, session?: string) =>
        client.ask(QUESTIONS[(round + at) % QUESTIONS.length]!, session).catch(() => undefined);
      const first = await ask(i);
      if (first) await ask(i + 1, first.session_id);
    }
    await sleep(PAUSE * 1000);
  }
}

function connectPlayers({ agent, portOffset }: Stage): Promise<Player[]> {
  return withClient(ledgerUrl("ledger-admin-url", portOffset), async (ledger) => {
    const players: Player[] = [];
    for (const customer of CUSTOMERS) {
      const id = customer.customerId;
      const exists = await findCustomer(ledger, id).catch(() => undefined);
      const { key } = await (exists ? addKey(ledger, id, 0, BY) : addCustomer(ledger, customer, BY));
      players.push({ id, client: await connectAgent(agent, key) });
    }
    return players;
  });
}

/** Uses up budgets as months of questions would, down to these shares of them. */
async function leaveOfMonth({ portOffset }: Stage, left: Record<string, number>): Promise<void> {
  await withClient(ledgerUrl("ledger-owner-url", portOffset), async (ledger) => {
    for (const [customer, share] of Object.entries(left))
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

async function behave({ simulator }: Stage, behaviour: object): Promise<void> {
  const response = await fetch(`${simulator}/_simulator/behaviour`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(behaviour),
  });
  if (!response.ok) throw new Error(`The simulator refuses a behaviour: ${await response.text()}`);
}
