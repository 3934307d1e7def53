/**
 * What may become of a question, one after the other, on the stack that `npm start` has up: an answer from the gateway's cache, a
 * failed attempt whose fallback answers, a stream that breaks, a call on a degraded route, a refusal, and a call without an agent.
 */
import { ports } from "../../../catalogue";
import { connectAgent } from "../../../local/agent-client";
import { addCustomer } from "../../../ops/customers/changes";
import { withClient } from "../../../ops/workspace/pg-client";
import { readSecrets, localSecret } from "../../../ops/workspace/secrets";
import { runningStack } from "../../../ops/workspace/state";
import { EVENTFUL } from "./recorded";

const { portOffset } = runningStack();
const secrets = readSecrets()!;
const at = (port: number) => `http://127.0.0.1:${port + portOffset}`;
const ledger = (name: "ledger-admin-url" | "ledger-owner-url") =>
  localSecret(name, secrets, ports.postgres + portOffset);

async function main(): Promise<void> {
  const { key } = await withClient(ledger("ledger-admin-url"), (client) =>
    addCustomer(
      client,
      { customerId: EVENTFUL, name: "Eventful", tier: "tier_1", gcpProject: "eventful-prod" },
      { actor: "test:langfuse" },
    ),
  );
  const ask = async (question: string) => {
    const agent = await connectAgent(at(ports.agent), key);
    await agent.ask(question).then(
      ({ answer, refused, degraded }) =>
        console.log(`\n> ${question}\n${answer}\n${JSON.stringify({ refused, degraded })}`),
      (error: Error) => console.log(`\n> ${question}\n(${error.message})`),
    );
    await agent.end();
  };
  await ask("How much did we spend last week?");
  await ask("How much did we spend last week?");
  await behave({ match: { model: "gemini-3.8-flash" }, status: 503 });
  await ask("How much did we spend last month?");
  await behave({ match: { model: "claude-sonnet-5-5" }, cutAfterChunks: 2, times: 1 });
  await ask("Why did my costs go up last month?");
  await forget();
  await callDirectly("What is a committed use discount?");
  await use(0.96);
  await ask("Why did my costs go up in the last two weeks?");
  await use(1);
  await ask("Why did my costs go up yesterday?");
  await callDirectly("What is a sustained use discount?");
}

async function behave(behaviour: object): Promise<void> {
  await fetch(`${at(ports.llmSimulator)}/_simulator/behaviour`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(behaviour),
  });
}

async function forget(): Promise<void> {
  await fetch(`${at(ports.llmSimulator)}/_simulator/behaviour`, { method: "DELETE" });
}

/** A call of a program that sends no traces. */
async function callDirectly(content: string): Promise<void> {
  const response = await fetch(`${at(ports.gateway)}/v1/chat/completions`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${localSecret("agent-key", secrets, 0)}`,
    },
    body: JSON.stringify({
      model: "simple",
      messages: [{ role: "user", content }],
      metadata: { customer_id: EVENTFUL, session_id: "program", query_type: "simple_lookup" },
    }),
  });
  console.log(response.status, (await response.text()).slice(0, 300));
}

/** Uses up a share of the month's budget, as a month of questions would. */
async function use(share: number): Promise<void> {
  await withClient(ledger("ledger-owner-url"), (client) =>
    client.query(
      `UPDATE ledger.customer_months SET spent_nanos = (cap_nanos * $2::float8)::bigint
       WHERE customer_id = $1 AND month = ledger.month_of(now())`,
      [EVENTFUL, share],
    ),
  );
}

void main();
