import { setTimeout as sleep } from "node:timers/promises";
import { formatUsd } from "../../litellm-config";
import { withClient } from "../../ops/workspace/pg-client";
import { balanceOf, callsOf } from "./ledger-reading";
import { green, red } from "./report";
import { SAMPLE_CUSTOMER } from "./sample-customer";
import type { Conversation } from "./sample-conversation";
import type { LocalService } from "./services";
import { ledgerUrl, portOf, type StackSettings } from "./settings";
import type { ServiceState } from "./supervisor";

/** What a check finds: nothing, or why it fails. */
type Finding = string | undefined;

export interface CheckInput {
  settings: StackSettings;
  services: readonly LocalService[];
  stateOf: (name: string) => ServiceState;
  conversation: Conversation;
  /** The simulator's bill before the conversation, in nano-dollars. */
  billedBefore: number;
}

/** Seconds that traces and scrapes may take to arrive: both are sent in batches. */
const WAIT_SECONDS = 20;

/**
 * Checks that the stack works, and prints each result.
 *
 * @returns whether every check passed.
 */
export async function runChecks(input: CheckInput): Promise<boolean> {
  const checks: [string, () => Promise<Finding> | Finding][] = [
    ["every service that can run here runs", () => eventually(() => Promise.resolve(allRun(input)))],
    ["every question was answered", () => allAnswered(input)],
    ["what the budgets say is spent is the sum of the calls, to the nano-dollar", () => budgetsAddUp(input)],
    ["the ledger has what the simulator billed, to the nano-dollar", () => billsAgree(input)],
    ["the conversation's traces arrived", () => eventually(() => tracesArrived(input))],
    ["Prometheus scrapes every service", () => eventually(() => targetsUp(input))],
  ];
  let passed = true;
  for (const [name, check] of checks) {
    const finding = await Promise.resolve(check()).catch((error: Error) => error.message);
    console.log(
      finding === undefined ? `  ${green("ok")}      ${name}` : `  ${red("FAILED")}  ${name}: ${finding}`,
    );
    passed &&= finding === undefined;
  }
  return passed;
}

/** What the simulator has billed since it started, in nano-dollars; 0 when a real provider answers. */
export async function simulatorBill(settings: StackSettings): Promise<number> {
  if (settings.provider.kind !== "simulator") return 0;
  const url = `http://127.0.0.1:${portOf(settings, "llmSimulator")}/_simulator/account`;
  return ((await (await fetch(url)).json()) as { totalNanos: number }).totalNanos;
}

function allRun({ services, stateOf }: CheckInput): Finding {
  const missing = services.filter(({ name, off }) => !off && !["running", "done"].includes(stateOf(name)));
  return missing.length > 0 ? missing.map(({ name }) => `${name} is ${stateOf(name)}`).join(", ") : undefined;
}

function allAnswered({ conversation }: CheckInput): Finding {
  const bad = conversation.answers.find(({ answer, refused }) => answer === "" || refused !== null);
  return bad && (bad.refused ?? "an answer is empty");
}

function budgetsAddUp({ settings, conversation }: CheckInput): Promise<Finding> {
  return withClient(ledgerUrl(settings, "ledger-reader-url"), async (ledger) => {
    for (const session of [undefined, conversation.sessionId]) {
      const balance = await balanceOf(ledger, SAMPLE_CUSTOMER.customerId, session);
      const { spentNanos, heldNanos, sumOfCalls, pending } = balance;
      const account = session ? "the session" : "the month";
      if (heldNanos !== 0 || pending !== 0) return `${account} still holds ${formatUsd(heldNanos)}`;
      if (spentNanos !== sumOfCalls) {
        return `${account} says ${formatUsd(spentNanos)}, its calls cost ${formatUsd(sumOfCalls)}`;
      }
    }
    return undefined;
  });
}

async function billsAgree({ settings, conversation, billedBefore }: CheckInput): Promise<Finding> {
  if (settings.provider.kind !== "simulator") return undefined;
  const billed = (await simulatorBill(settings)) - billedBefore;
  const calls = await withClient(ledgerUrl(settings, "ledger-reader-url"), (ledger) =>
    callsOf(ledger, SAMPLE_CUSTOMER.customerId, conversation.sessionId),
  );
  const charged = calls.reduce((sum, { costNanos }) => sum + (costNanos ?? 0), 0);
  if (charged === 0) return "no call was charged";
  return billed === charged ? undefined : `billed ${formatUsd(billed)}, charged ${formatUsd(charged)}`;
}

async function tracesArrived({ settings, conversation }: CheckInput): Promise<Finding> {
  const url = `http://127.0.0.1:${portOf(settings, "langfuse")}/api/traces`;
  const sessions = (await (await fetch(url)).json()) as { sessionId: string; traces: unknown[] }[];
  const traces = sessions.find(({ sessionId }) => sessionId === conversation.sessionId)?.traces.length ?? 0;
  const asked = conversation.answers.length;
  return traces >= asked ? undefined : `${traces} of ${asked} traces in session ${conversation.sessionId}`;
}

async function targetsUp({ settings, stateOf }: CheckInput): Promise<Finding> {
  if (stateOf("prometheus") !== "running") return undefined;
  const response = await fetch(
    `http://127.0.0.1:${portOf(settings, "prometheus")}/api/v1/targets?state=active`,
  );
  const { data } = (await response.json()) as {
    data: { activeTargets: { health: string; labels: { job: string }; lastError: string }[] };
  };
  const bad = data.activeTargets.filter(({ health }) => health !== "up");
  return bad.length > 0
    ? bad.map(({ labels, lastError }) => `${labels.job} ${lastError}`).join(", ")
    : undefined;
}

/** Tries again until there is no finding, for a while. */
async function eventually(check: () => Promise<Finding>): Promise<Finding> {
  const deadline = Date.now() + WAIT_SECONDS * 1000;
  for (;;) {
    const finding = await check();
    if (finding === undefined || Date.now() > deadline) return finding;
    await sleep(500);
  }
}
