import { randomBytes } from "node:crypto";
import type { NanoDollars } from "../../../litellm-config";
import type { RequestRecord } from "../../../simulator";
import type { CallRow } from "./ledger";
import { AGENT_KEY, type Stack } from "./stack";
import { eventually } from "./wait";

export interface Reply {
  status: number;
  headers: Headers;
  /** `undefined` for a stream. */
  body: {
    model?: string;
    choices?: { message: { content: string | null }; finish_reason: string }[];
    usage?: { prompt_tokens: number; completion_tokens: number };
    error?: { type: string; code: string; message: string };
  };
  text: string;
}

export interface CallOptions {
  /** What the body has besides model, messages and metadata; `undefined` takes a field out. */
  body?: Record<string, unknown>;
  metadata?: Record<string, unknown>;
  headers?: Record<string, string>;
  /** The question; a new one at each call, so that the cache is out of the way. */
  prompt?: string;
  signal?: AbortSignal;
  /** The route; chat completions unless it is named. */
  path?: string;
}

let prompts = 0;

/** A customer of one test: its name marks its prompts, so that its account at the provider is separate. */
export class Customer {
  readonly sessionId = "s1";

  private constructor(
    private readonly stack: Stack,
    readonly id: string,
    readonly tier: string,
  ) {}

  static async create(stack: Stack, tier = "tier_1"): Promise<Customer> {
    const id = `c-${randomBytes(6).toString("hex")}`;
    await stack.ledger.addCustomer(id, tier);
    return new Customer(stack, id, tier);
  }

  /** The request that {@link call} sends. */
  request(model: string, options: CallOptions = {}): Record<string, unknown> {
    const prompt = options.prompt ?? `question ${++prompts}`;
    return {
      model,
      messages: [{ role: "user", content: `[[${this.id}]] ${prompt}` }],
      metadata: {
        customer_id: this.id,
        session_id: this.sessionId,
        query_type: "cost_analysis",
        ...options.metadata,
      },
      ...options.body,
    };
  }

  /** Sends a call and reads its answer to the end, a stream's too. */
  async call(model: string, options: CallOptions = {}): Promise<Reply> {
    const response = await this.open(model, options);
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json");
    const { status, headers } = response;
    return { status, headers, text, body: json ? (JSON.parse(text) as Reply["body"]) : {} };
  }

  /** Sends a call and returns as soon as its headers are there. */
  open(model: string, options: CallOptions = {}): Promise<Response> {
    return fetch(`${this.stack.gateway.url}${options.path ?? "/v1/chat/completions"}`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        authorization: `Bearer ${AGENT_KEY}`,
        ...options.headers,
      },
      body: JSON.stringify(this.request(model, options)),
      ...(options.signal && { signal: options.signal }),
    });
  }

  behave(behaviour: Parameters<Stack["provider"]["behave"]>[1]): Promise<void> {
    return this.stack.provider.behave(this.id, behaviour);
  }

  /** Requests that reached the provider. */
  requests(): Promise<RequestRecord[]> {
    return this.stack.provider.requests(this.id);
  }

  calls(): Promise<CallRow[]> {
    return this.stack.ledger.calls(this.id);
  }

  /** Leaves so much of the session's budget. */
  async leaveInSession(nanos: NanoDollars): Promise<void> {
    const { spent_nanos } = await this.stack.ledger.session(this.id, this.sessionId);
    const before = this.stack.definitions.session.budget - nanos - spent_nanos;
    await this.stack.ledger.spendBefore(this.id, this.sessionId, before);
  }

  /** Leaves so much of the month's budget, spent in other sessions. */
  async leaveInMonth(nanos: NanoDollars): Promise<void> {
    const { spent_nanos } = await this.stack.ledger.month(this.id);
    const budget = this.stack.definitions.tiers[this.tier]?.monthlyBudget ?? 0;
    await this.stack.ledger.spendBefore(this.id, "before", budget - nanos - spent_nanos);
  }

  /**
   * What the provider billed and what the ledger booked, once every call is settled.
   *
   * @throws Error when a call stays pending.
   */
  async settled(seconds = 15): Promise<Settled> {
    return eventually(
      `the settlement of ${this.id}'s calls`,
      async () => {
        const { answering } = await this.stack.provider.account(this.id);
        const calls = await this.calls();
        if (answering > 0 || calls.some(({ state }) => state === "pending")) return undefined;
        const { totalNanos } = await this.stack.provider.account(this.id);
        const month = await this.stack.ledger.month(this.id);
        const session = await this.stack.ledger.session(this.id, this.sessionId);
        const booked = calls.reduce((sum, { cost_nanos }) => sum + (cost_nanos ?? 0), 0);
        return { billed: totalNanos, booked, calls, month, session };
      },
      seconds,
    );
  }
}

export interface Settled {
  /** By the provider's own account. */
  billed: NanoDollars;
  /** By the ledger, for the calls that the test made. */
  booked: NanoDollars;
  calls: CallRow[];
  month: Awaited<ReturnType<Stack["ledger"]["month"]>>;
  session: Awaited<ReturnType<Stack["ledger"]["session"]>>;
}
