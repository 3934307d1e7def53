import { APIConnectionTimeoutError, APIError } from "openai";
import { Failure, type FailureCode } from "./failures";

/** The guard's own answers that a customer reads (docs/interfaces.md): their messages are written for it. */
const FOR_CUSTOMERS = new Set([
  "month_budget",
  "session_budget",
  "session_calls",
  "tokens_per_minute",
  "budget_held",
  "customer_busy",
  "key_busy",
  "gateway_busy",
  "prompt_too_long",
  "ledger_unavailable",
  "day_budget",
  "spend_rate",
  "fleet_day",
  "fleet_rate",
  "brake",
]);

/** Refusals that pass by themselves. */
const PASSING = new Set(["tokens_per_minute", "budget_held", "customer_busy", "key_busy", "gateway_busy"]);

/** Seconds that a question may wait for a refusal to pass; longer, and the customer reads the refusal instead. */
const MAX_WAIT = 5;

/** The guard said no before any money was spent. The message is fit for the customer. */
export class GatewayRefusal extends Error {
  constructor(
    readonly code: string,
    message: string,
    private readonly retryAfter: number | undefined,
  ) {
    super(message);
    this.name = "GatewayRefusal";
  }

  /** Seconds after which the same call may pass; undefined when waiting does not help, or takes too long. */
  get waitSeconds(): number | undefined {
    if (!PASSING.has(this.code) || this.retryAfter === undefined) return undefined;
    return this.retryAfter <= MAX_WAIT ? this.retryAfter : undefined;
  }
}

/** Codes of the guard and of LiteLLM that say more than their status. */
const BY_CODE: Readonly<Record<string, FailureCode>> = {
  unknown_customer: "unknown_customer",
  content_policy_violation: "safety_stop",
  content_filter: "safety_stop",
  context_length_exceeded: "too_long",
};

/**
 * What an error of a call means: a refusal that the customer reads, or a failure.
 *
 * @param begun whether the answer had begun to arrive.
 */
export function readGatewayError(error: unknown, begun: boolean): GatewayRefusal | Failure {
  if (error instanceof Failure) return error;
  const cause = { cause: error };
  if (error instanceof APIConnectionTimeoutError) return new Failure("timeout", cause);
  if (begun) return new Failure("stream_cut", cause);
  if (!(error instanceof APIError) || error.status === undefined) return new Failure("connection", cause);
  const body = (error.error ?? {}) as { code?: unknown; message?: unknown };
  const code = typeof body.code === "string" ? body.code : "";
  if (FOR_CUSTOMERS.has(code) && typeof body.message === "string") {
    const seconds = Number(error.headers?.get("retry-after") ?? Number.NaN);
    return new GatewayRefusal(code, body.message, Number.isFinite(seconds) ? seconds : undefined);
  }
  return new Failure(BY_CODE[code] ?? byStatus(error.status), cause);
}

function byStatus(status: number): FailureCode {
  if (status === 408 || status === 504) return "timeout";
  if (status === 429 || status === 529) return "provider_busy";
  return status >= 500 ? "provider_error" : "misconfigured";
}
