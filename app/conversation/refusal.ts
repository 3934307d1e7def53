/** The guard's own answers that a customer reads (docs/interfaces.md): their messages are written for it. */
const FOR_CUSTOMERS = new Set([
  "month_budget",
  "session_budget",
  "session_calls",
  "tokens_per_minute",
  "budget_held",
  "prompt_too_long",
  "ledger_unavailable",
]);

/** Refusals that pass by themselves. */
const PASSING = new Set(["tokens_per_minute", "budget_held"]);

/** Seconds that a question may wait for a refusal to pass; longer, and the customer is told instead. */
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

/** A call that the gateway could not have answered: a provider, the network or a fault of ours. Not for the customer. */
export class GatewayFailure extends Error {
  constructor(
    /** The gateway's error code, its HTTP status, or `connection`. */
    readonly code: string,
    options?: ErrorOptions,
  ) {
    super(`the gateway failed: ${code}`, options);
    this.name = "GatewayFailure";
  }
}

/** An error answer of the gateway, as the OpenAI client reads it. */
interface ErrorAnswer {
  status?: number | undefined;
  headers?: Headers | undefined;
  error?: unknown;
}

/** What an error answer means: a refusal that the customer reads, or a failure. */
export function readErrorAnswer(answer: ErrorAnswer): GatewayRefusal | GatewayFailure {
  const body = (answer.error ?? {}) as { code?: unknown; message?: unknown };
  const code = typeof body.code === "string" && /^[a-z_]{1,40}$/.test(body.code) ? body.code : undefined;
  if (code !== undefined && FOR_CUSTOMERS.has(code) && typeof body.message === "string") {
    const seconds = Number(answer.headers?.get("retry-after") ?? Number.NaN);
    return new GatewayRefusal(code, body.message, Number.isFinite(seconds) ? seconds : undefined);
  }
  return new GatewayFailure(code ?? answer.status?.toString() ?? "connection", { cause: answer });
}
