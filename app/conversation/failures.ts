/**
 * Why a question got no answer, and what its customer reads: what happened, and what helps. "Try again in a minute" stands only
 * where a minute may change something. The keys are the labels of `tollgate_agent_provider_errors_total`, all of them.
 */
export const FAILURES = {
  connection: "The assistant cannot be reached at the moment. Please try again in a minute.",
  timeout:
    "The answer took too long and was stopped. Please ask for less at once, such as one service or one month.",
  stream_cut: "The connection broke before the answer was complete. Please ask again.",
  provider_busy: "The language model is overloaded at the moment. Please try again in a minute.",
  provider_error:
    "The language model reported an error. Please try again in a minute, and contact support if it happens again.",
  misconfigured:
    "Something is set up wrongly on our side. Asking again will not help: please contact support.",
  unknown_customer: "Your account is not active, so your question was not answered. Please contact support.",
  too_long: "This conversation has become too long for the language model. Please start a new one.",
  safety_stop:
    "The language model's safety filter stopped the answer. Asking in the same words will not help: please rephrase your question.",
  model_refusal:
    "The language model declined to answer this question. Please rephrase it, or ask something else.",
  empty_answer: "The language model did not answer, even after a retry. Please rephrase your question.",
  thoughts_only:
    "The language model ran out of room before it reached an answer. Please ask for less at once, such as one service or one month.",
  truncated_tool_call:
    "The language model could not look up the data for this question. Please ask for less at once, such as one service or one month.",
  store_unavailable: "Your conversation cannot be loaded at the moment. Please try again in a minute.",
} as const;

export type FailureCode = keyof typeof FAILURES;

/** Failures that the customer, the account or the question brings about; all others are ours or a provider's. */
const OF_CUSTOMERS = new Set<FailureCode>(["unknown_customer", "too_long", "safety_stop", "model_refusal"]);

/** A question that gets no answer. What its customer reads is `FAILURES[code]`; the cause is for the log. */
export class Failure extends Error {
  constructor(
    readonly code: FailureCode,
    options?: ErrorOptions,
  ) {
    super(`no answer: ${code}`, options);
    this.name = "Failure";
  }

  get isOurs(): boolean {
    return !OF_CUSTOMERS.has(this.code);
  }
}
