import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { usd } from "../../litellm-config";
import { Customer, eventually, type CallRow, type Stack } from "../support/gateway";
import { CUSTOMERS, matrix, plannedCall, SESSIONS, type PlannedCall } from "./calls";

/** What a call was billed by the provider and charged by the ledger, in nano-dollars. */
export interface CallOutcome {
  ending: string;
  wire: string;
  billed: number;
  charged: number;
  /** The gateway's answer; absent when the connection ended first. */
  status: number | undefined;
  /** Why the call was not answered with 200; undefined when it was. */
  unanswered: string | undefined;
  /** Whether nothing but the provider could keep the call from its answer, and the provider's bill is known. */
  exact: boolean;
  /** Why the provider found what the gateway sent invalid. */
  refusals: string[];
}

export interface RoundOutcome {
  seed: number;
  killed: "worker" | "gateway" | undefined;
  calls: CallOutcome[];
  /** What must not happen, in words. */
  violations: string[];
}

interface Sent extends PlannedCall {
  marker: string;
  traceId: string;
  status: number | undefined;
  unanswered: string | undefined;
}

/** The gateway's times, in seconds, shortened so that a hold whose gateway died is charged soon. */
export const TIMES = { requestTimeout: 3, retries: 1, holdLease: 20, settleMargin: 5 };
const UNTIL_CHARGED = TIMES.holdLease + 45;
const CALLS = 36;
const AT_ONCE = 8;

/** Sends a round of random calls into sessions with little money left, then holds the ledger against the provider's account. */
export async function runRound(stack: Stack, seed: number): Promise<RoundOutcome> {
  const calls = fc.sample(plannedCall, { seed, numRuns: CALLS });
  const killed = ([undefined, undefined, "worker", undefined, "gateway"] as const)[Math.abs(seed) % 5];
  const customers = await newCustomers(stack);
  for (const [at, customer] of customers.entries()) await leaveLittle(stack, customer, seed + at);
  const gate = { open: Promise.resolve() };
  const { sent, queue, running } = begin(stack, customers, calls, gate);
  if (killed) {
    await eventually("half of the calls", () => Promise.resolve(queue.length < CALLS / 2), 300);
    // What is on its way meets the kill; the rest waits for the gateway.
    gate.open = kill(stack, killed);
    await gate.open;
  }
  await running;
  return { seed, killed, ...(await audit(stack, customers, sent, killed !== undefined)) };
}

/** Sends every ending on every wire, each into sessions of full budgets. */
export async function runMatrix(stack: Stack, seed: number): Promise<RoundOutcome> {
  const customers = await newCustomers(stack);
  const { sent, running } = begin(stack, customers, matrix(seed));
  await running;
  return { seed, killed: undefined, ...(await audit(stack, customers, sent, false)) };
}

function newCustomers(stack: Stack): Promise<Customer[]> {
  return Promise.all(Array.from({ length: CUSTOMERS }, (_, at) => Customer.create(stack, `tier_${at + 1}`)));
}

/** Starts sending calls, a few at once. */
function begin(
  stack: Stack,
  customers: Customer[],
  calls: PlannedCall[],
  gate = { open: Promise.resolve() },
): { sent: Sent[]; queue: PlannedCall[]; running: Promise<unknown> } {
  const sent: Sent[] = [];
  const queue = [...calls];
  const worker = async () => {
    for (let call = queue.shift(); call; call = queue.shift()) {
      await gate.open;
      sent.push(await send(stack, customers, call));
    }
  };
  return { sent, queue, running: Promise.all(Array.from({ length: AT_ONCE }, worker)) };
}

/** Leaves each session a few cents to its cap, and the second customer a few to the month's. */
async function leaveLittle(stack: Stack, customer: Customer, seed: number): Promise<void> {
  const { session, tiers } = stack.definitions;
  for (let at = 0; at < SESSIONS; at++) {
    const left = [usd("0.01"), usd("0.08"), usd("0.45")][(seed + at) % SESSIONS]!;
    await stack.ledger.spendBefore(customer.id, `s${at}`, session.budget - left);
  }
  if (customer.tier !== "tier_2") return;
  const { spent_nanos } = await stack.ledger.month(customer.id);
  await stack.ledger.spendBefore(
    customer.id,
    "before",
    tiers.tier_2!.monthlyBudget - spent_nanos - usd("0.15"),
  );
}

async function send(stack: Stack, customers: Customer[], call: PlannedCall): Promise<Sent> {
  const customer = customers[call.customer]!;
  const traceId = randomBytes(16).toString("hex");
  const marker = `call-${traceId.slice(0, 12)}`;
  const sessionId = `s${call.session}`;
  await stack.provider.behave(marker, call.ending.behaviour);
  const question = `[[${marker}]] [[${customer.id}]] [[${customer.id}-${sessionId}]] what did we spend?`;
  const signal = AbortSignal.timeout(call.leavesAfterMs ?? 90_000);
  let unanswered: string | undefined;
  const reply = await customer
    .call(call.model, {
      body: { ...call.body, messages: [...call.messages, { role: "user", content: question }] },
      metadata: { session_id: sessionId, trace_id: traceId },
      signal,
    })
    .catch(() => {
      unanswered = !signal.aborted
        ? "the connection broke"
        : call.leavesAfterMs === undefined
          ? "no answer within 90 s"
          : "the client left";
      return undefined;
    });
  if (reply && reply.status !== 200) {
    const { code, message } = reply.body.error ?? {};
    unanswered = code === "invalid_request" ? `${code}: ${message}` : `${reply.status} ${code}`;
  }
  return { ...call, marker, traceId, status: reply?.status, unanswered };
}

/** Kills one of the gateway's workers, or all of it and starts it again. */
async function kill(stack: Stack, what: "worker" | "gateway"): Promise<void> {
  if (what === "gateway") {
    stack.gateway.kill("SIGKILL");
    // A busy machine may need longer to start it than one attempt waits.
    await stack.restartGateway().catch(() => stack.restartGateway());
    return;
  }
  const { pid } = stack.gateway;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(/\s+/).map(Number);
  const victim = children.find((child) => /spawn_main/.test(readFileSync(`/proc/${child}/cmdline`, "utf8")));
  if (victim) process.kill(victim, "SIGKILL");
}

async function audit(
  stack: Stack,
  customers: Customer[],
  sent: Sent[],
  killed: boolean,
): Promise<Pick<RoundOutcome, "calls" | "violations">> {
  const violations: string[] = [];
  const rows: CallRow[] = [];
  for (const customer of customers) {
    await customer.settled(UNTIL_CHARGED).catch((error: Error) => violations.push(error.message));
    rows.push(...(await customer.calls()));
    const theirs = sent.filter((call) => customers[call.customer] === customer);
    const sessions = new Set(theirs.map(({ session }) => `s${session}`));
    violations.push(...(await auditCustomer(stack, customer, [...sessions])));
  }
  for (const { cost_nanos: cost, held_nanos: held, model_asked, trace_id } of rows) {
    const ending = sent.find(({ traceId }) => traceId === trace_id)?.ending.name;
    if ((cost ?? 0) > held) violations.push(`over its hold: ${model_asked}, ${ending}: ${cost} of ${held}`);
  }
  const calls: CallOutcome[] = [];
  for (const call of sent) {
    const requests = await stack.provider.requests(call.marker);
    const [request] = requests;
    const { totalNanos: billed } = await stack.provider.account(call.marker);
    const charged = rows
      .filter(({ trace_id }) => trace_id === call.traceId)
      .reduce((sum, { cost_nanos }) => sum + (cost_nanos ?? 0), 0);
    const shape = `${request?.wire ?? "none"} ${call.body.stream ? "stream" : "plain"}`;
    calls.push({
      ending: killed ? "(a kill in the round)" : call.ending.name,
      wire: shape,
      billed,
      charged,
      status: call.status,
      unanswered: call.unanswered,
      exact: call.ending.exact,
      refusals: requests.flatMap(({ refusal }) => refusal ?? []),
    });
    const what = `${call.model} (${shape}), ${call.ending.name}: billed ${billed}, charged ${charged}, status ${call.status ?? "none"}`;
    if (charged < billed) violations.push(`below the bill: ${what}`);
    // Only an undisturbed call has an end that the provider reported.
    const undisturbed = call.ending.exact && !killed && call.leavesAfterMs === undefined;
    if (undisturbed && call.status !== undefined && charged > 1.05 * billed) {
      violations.push(`over the bill: ${what}`);
    }
  }
  return { calls, violations };
}

/** What a customer's budgets must never show. */
async function auditCustomer(stack: Stack, customer: Customer, sessions: string[]): Promise<string[]> {
  const found = (await stack.ledger.contradictions(customer.id)).map((each) => `contradiction: ${each}`);
  const month = await stack.ledger.month(customer.id);
  if (month.held_nanos !== 0) found.push(`left held: month of ${customer.id} holds ${month.held_nanos}`);
  if (month.spent_nanos > month.cap_nanos) {
    found.push(`over a cap: month of ${customer.id} at ${month.spent_nanos} of ${month.cap_nanos}`);
  }
  const { budget } = stack.definitions.session;
  for (const name of sessions) {
    const session = await stack.ledger.session(customer.id, name);
    const { totalNanos } = await stack.provider.account(`${customer.id}-${name}`);
    const before = await stack.ledger.spentBefore(customer.id, name);
    if (session.held_nanos !== 0)
      found.push(`left held: ${name} of ${customer.id} holds ${session.held_nanos}`);
    const most = Math.max(session.spent_nanos, before + totalNanos);
    if (most > budget) found.push(`over a cap: ${name} of ${customer.id} at ${most} of ${budget}`);
  }
  return found;
}
