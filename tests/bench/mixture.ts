import { AGENT_KEY, Customer, type Stack } from "../support/gateway";
import { png } from "../support/files";
import type { Callers } from "./load";
import type { Random } from "./statistics";

const CUSTOMERS = 2_000;

interface Said {
  path?: string;
  body: Record<string, unknown>;
  /** The statuses of a refusal; without them it must be answered, unless the provider is broken for its customer. */
  expects?: number[];
  /** The caller leaves after the first bytes of the answer. */
  leaves?: boolean;
}

type Ask = (prompt: string) => Said;

const user = (content: unknown) => [{ role: "user", content }];
const chat = (model: string, more: object = {}, messages?: (prompt: string) => unknown[]): Ask => {
  return (prompt) => ({
    body: { model, max_tokens: 200, messages: messages?.(prompt) ?? user(prompt), ...more },
  });
};

const tool = {
  type: "function",
  function: { name: "get_spend", parameters: { type: "object", properties: {} } },
};
const call = { id: "call_1", type: "function", function: { name: "get_spend", arguments: "{}" } };
const picture = { type: "image_url", image_url: { url: `data:image/png;base64,${png(900, 200)}` } };

/** What is asked, and how many of a hundred calls ask it: every API, both wires, files, refusals, and clients that leave. */
const ASKED: [number, Ask][] = [
  [22, chat("claude-haiku-4-5")],
  [10, chat("simple")],
  [16, chat("analysis", { stream: true })],
  [8, chat("simple", { stream: true })],
  [6, (prompt) => ({ ...chat("analysis", { stream: true })(prompt), leaves: true })],
  [
    8,
    chat("analysis", { tools: [tool] }, (prompt) => [
      ...user(prompt),
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: call.id, content: '{"total": "$5"}' },
    ]),
  ],
  [4, chat("analysis", {}, (prompt) => user([{ type: "text", text: prompt }, picture]))],
  [
    6,
    (prompt) => ({
      path: "/v1/messages",
      body: { model: "analysis", max_tokens: 200, messages: user(prompt) },
    }),
  ],
  [6, (prompt) => ({ path: "/v1/responses", body: { model: "simple", store: false, input: prompt } })],
  [
    4,
    (prompt) => ({
      path: "/v1/embeddings",
      body: { model: "gemini-embedding-001", input: Array(8).fill(prompt.slice(0, 1_000)) },
    }),
  ],
  [4, (prompt) => ({ ...chat("nowhere")(prompt), expects: [400] })],
  [3, (prompt) => ({ ...chat("analysis", { service_tier: "priority" })(prompt), expects: [400] })],
  [
    3,
    (prompt) => ({ path: "/v1/audio/speech", body: { model: "simple", input: prompt }, expects: [403, 404] }),
  ],
];

/** How the provider treats a third of the customers: each way one in twenty. */
const BROKEN: Parameters<Customer["behave"]>[0][] = [
  { status: 500 },
  { status: 429, retryAfter: 1 },
  { body: "cut_json" },
  { cutAfterChunks: 2 },
  { errorAfterChunks: 2 },
  { usage: "omitted" },
  { omitFinish: true },
];
const ONE_IN = 20;

/** Callers who ask for everything that a gateway meets, each time as one of many customers and in a new session. */
export async function makeMixture(
  stack: Stack,
  parallel: number,
  bytes: number,
  random: Random,
): Promise<Pick<Callers, "call">> {
  const customers: Customer[] = [];
  while (customers.length < CUSTOMERS) customers.push(await Customer.create(stack, "tier_3"));
  const broken = new Set<Customer>();
  for (const [kind, behaviour] of BROKEN.entries())
    for (let at = kind; at < CUSTOMERS; at += ONE_IN) {
      await customers[at]!.behave(behaviour);
      broken.add(customers[at]!);
    }
  const deck = ASKED.flatMap(([share, ask]) => Array.from({ length: share }, () => ask));
  const pick = <T>(list: T[]) => list[Math.floor(random() * list.length)]!;
  let sessions = 0;

  const send = async (): Promise<string | undefined> => {
    const customer = pick(customers);
    const session = `mixed-${++sessions}`;
    const said = pick(deck)(`[[${customer.id}]] ${sessions} ${"x".repeat(bytes)}`);
    const response = await fetch(`${stack.gateway.url}${said.path ?? "/v1/chat/completions"}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${AGENT_KEY}`,
        "x-tollgate-customer": customer.id,
        "x-tollgate-session": session,
        "x-tollgate-query-type": "cost_analysis",
      },
      body: JSON.stringify(said.body),
    });
    if (said.leaves) {
      const reader = response.body!.getReader();
      await reader.read();
      await reader.cancel();
    } else await response.arrayBuffer();
    const { status } = response;
    if (said.expects)
      return said.expects.includes(status) ? undefined : `${status}, not ${said.expects.join("/")}`;
    return status === 200 || broken.has(customer) ? undefined : String(status);
  };

  return {
    async call(_, goesOn) {
      let answered = 0;
      const failed: Record<string, number> = {};
      const caller = async () => {
        while (goesOn()) {
          const fault = await send().catch(() => "lost");
          if (fault === undefined) answered++;
          else failed[fault] = (failed[fault] ?? 0) + 1;
        }
      };
      await Promise.all(Array.from({ length: parallel }, caller));
      return { answered, failed };
    },
  };
}
