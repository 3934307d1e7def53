import { setTimeout as sleep } from "node:timers/promises";
import { describeTools } from "../../app/conversation/tool-calls";
import { PLAIN_TOOLS } from "../../app/tools";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../ops/workspace/paths";
import type { NanoDollars } from "../../litellm-config";
import { bill } from "../../simulator/prices";
import { Customer, type Reply, type Stack } from "../support/gateway";

/** What a conversation of ten turns costs at the provider. */
export interface TenTurns {
  turns: number;
  calls: number;
  /** Tokens of the longest prompt. */
  longestPrompt: number;
  withCache: NanoDollars;
  /** The same tokens without the provider's cache. */
  withoutCache: NanoDollars;
}

/** What of a budget a customer can spend before being refused. */
export interface Usable {
  cap: NanoDollars;
  /** By the provider's own account, and spent before. */
  billed: NanoDollars;
  /** By the ledger, as a share of the cap. */
  share: number;
  turns: number;
}

export interface Conversations {
  tenTurns: TenTurns;
  session: Usable;
  deepSession: Usable;
  month: Usable;
}

/** Bytes of the prompt for each token, as tokenizers make of English and JSON. */
const BYTES_PER_TOKEN = 3.75;
/** Output of a call that asks for a tool, and of one that answers. */
const CALL_TOKENS = 120;
const ANSWER_TOKENS = 600;
const RESULT_BYTES = 3_800;
const TURNS_CARRIED = 10;
const MOST_TURNS = 45;
/** Where the month is joined, in nano-dollars before its end: the cheaper route takes long to spend more. */
const LEFT_OF_MONTH = 100_000_000;

const SYSTEM = readFileSync(join(repository, "app", "prompts", "assistant.md"), "utf8");
const TOOLS = describeTools(PLAIN_TOOLS);

/**
 * Conversations as an agent holds them: our agent's prompt and tools, two calls a turn, and a history that grows with each
 * question, result and answer, up to ten turns.
 */
export async function measureConversations(stack: Stack): Promise<Conversations> {
  return {
    tenTurns: await tenTurns(stack),
    session: await usableSession(stack, "analysis"),
    deepSession: await usableSession(stack, "deep"),
    month: await usableMonth(stack),
  };
}

async function tenTurns(stack: Stack): Promise<TenTurns> {
  const customer = await Customer.create(stack, "tier_1");
  const conversation = new Conversation(customer, "claude-sonnet-5-5", "ten-turns");
  const turns = 10;
  for (let i = 0; i < turns; i++) {
    const refused = await conversation.turn();
    if (refused) throw new Error(`Turn ${i + 1} of ${turns} was refused: ${refused}`);
  }
  const { billed } = await customer.settled();
  const requests = (await customer.requests()).filter(({ endpoint }) => endpoint === "generate");
  const uncached = requests.map(({ model, usage }) =>
    bill(
      model,
      { ...usage, cachedTokens: 0, cacheWriteTokens: 0, cacheWriteHourTokens: 0 },
      { webSearches: 0, factor: 1 },
    ),
  );
  return {
    turns,
    calls: requests.length,
    longestPrompt: Math.max(...requests.map(({ usage }) => usage.promptTokens)),
    withCache: billed,
    withoutCache: uncached.reduce((sum, nanos) => sum + nanos, 0),
  };
}

async function usableSession(stack: Stack, route: string): Promise<Usable> {
  const customer = await Customer.create(stack, "tier_1");
  const conversation = new Conversation(customer, route, customer.sessionId);
  const turns = await untilRefused(conversation, "session_budget");
  const { billed, session } = await customer.settled();
  const cap = stack.definitions.session.budget;
  return { cap, billed, share: session.spent_nanos / cap, turns };
}

async function usableMonth(stack: Stack): Promise<Usable> {
  const customer = await Customer.create(stack, "tier_1");
  await customer.leaveInMonth(LEFT_OF_MONTH);
  const before = (await stack.ledger.month(customer.id)).spent_nanos;
  const turns = await untilRefused(new Conversation(customer, "analysis", "last-of-month"), "month_budget");
  const { billed, month } = await customer.settled();
  return {
    cap: month.cap_nanos,
    billed: before + billed,
    share: month.spent_nanos / month.cap_nanos,
    turns,
  };
}

async function untilRefused(conversation: Conversation, reason: string): Promise<number> {
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const refused = await conversation.turn();
    if (refused === reason) return turns;
    if (refused) throw new Error(`A conversation ended by ${refused} and not by ${reason}`);
  }
  throw new Error(`${MOST_TURNS} turns did not use up the budget`);
}

class Conversation {
  private readonly history: object[][] = [];
  private turns = 0;

  constructor(
    private readonly customer: Customer,
    private readonly model: string,
    private readonly sessionId: string,
  ) {}

  /** A question, a tool's result and an answer; resolves with the guard's code where it was refused. */
  async turn(): Promise<string | undefined> {
    const turn = ++this.turns;
    const messages: object[] = [
      { role: "user", content: `Question ${turn}: what changed in my costs, and why?` },
    ];
    this.history.push(messages);
    if (this.history.length > TURNS_CARRIED) this.history.shift();
    const first = await this.call(CALL_TOKENS);
    if (first.status !== 200) return first.body.error!.code;
    const id = `call_${turn}`;
    const called = { name: "get_spend", arguments: JSON.stringify({ period: `turn ${turn}` }) };
    messages.push(
      { role: "assistant", content: null, tool_calls: [{ id, type: "function", function: called }] },
      { role: "tool", tool_call_id: id, content: resultOf(turn) },
    );
    const second = await this.call(ANSWER_TOKENS);
    if (second.status !== 200) return second.body.error!.code;
    messages.push({ role: "assistant", content: second.body.choices![0]!.message.content });
    return undefined;
  }

  /** One call; a refusal that passes by itself is waited for. */
  private async call(outputTokens: number): Promise<Reply> {
    await this.customer.behave({ outputTokens, tokensPerByte: 1 / BYTES_PER_TOKEN });
    const system = { role: "system", content: `${SYSTEM}\n[[${this.customer.id}]]` };
    for (;;) {
      const reply = await this.customer.call(this.model, {
        metadata: { session_id: this.sessionId },
        body: { messages: [system, ...this.history.flat()], tools: TOOLS, max_tokens: 1_024 },
      });
      if (reply.status !== 429 || reply.body.error?.code === "session_calls") return reply;
      await sleep(1_000 * Number(reply.headers.get("retry-after") ?? 1));
    }
  }
}

/** Rows of a bill, no two alike. */
function resultOf(turn: number): string {
  const rows: object[] = [];
  while (JSON.stringify(rows).length < RESULT_BYTES) {
    const at = rows.length + 1;
    rows.push({
      service: `Service ${at}`,
      project: `project-${turn}-${at}`,
      usd: (turn * at * 1.37).toFixed(2),
    });
  }
  return JSON.stringify({ rows });
}
