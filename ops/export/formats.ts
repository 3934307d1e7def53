import { createHash } from "node:crypto";
import type { Charge, Grain } from "../ledger/charges";
import { decimalUsd } from "./decimal";
import { focusColumns } from "./focus";

/** One way to write charges down. */
export interface Format {
  /** Rows a call or a day, unless the operator says otherwise. */
  grain: Grain;
  grains: Grain[];
  /** The columns of a table; without them each row is a line of JSON. */
  columns?: { name: string; value: (charge: Charge) => string | number | null }[];
  json?: (charge: Charge) => object | null;
}

const csv: Format = {
  grain: "call",
  grains: ["call", "day"],
  columns: [
    { name: "at", value: ({ at, day, callId }) => (callId ? at.toISOString() : day) },
    { name: "call_id", value: ({ callId }) => callId },
    { name: "customer_id", value: ({ customerId }) => customerId },
    { name: "plan_tier", value: ({ planTier }) => planTier },
    { name: "query_type", value: ({ queryType }) => queryType },
    { name: "route", value: ({ route }) => route },
    { name: "model_used", value: ({ model }) => model },
    { name: "environment", value: ({ environment }) => environment },
    { name: "calls", value: ({ calls }) => calls },
    { name: "prompt_tokens", value: ({ promptTokens }) => promptTokens },
    { name: "cached_tokens", value: ({ cachedTokens }) => cachedTokens },
    { name: "completion_tokens", value: ({ completionTokens }) => completionTokens },
    { name: "cost_nanodollars", value: ({ costNanos }) => costNanos },
    { name: "cost_usd", value: ({ costNanos }) => decimalUsd(costNanos) },
  ],
};

/** The name of the meter at Stripe that adds up nano-dollars. */
const STRIPE_EVENT = "tollgate_llm_nanodollars";

/**
 * Meter events as Stripe's API takes them (POST /v1/billing/meter_events), the value in nano-dollars: a whole number, and below
 * the 15 digits that Stripe allows. https://docs.stripe.com/api/billing/meter-event/create
 */
const stripe: Format = {
  grain: "day",
  grains: ["call", "day"],
  json: ({
    at,
    day,
    callId,
    customerId,
    queryType,
    model,
    answered,
    route,
    environment,
    stripeCustomer,
    costNanos,
  }) =>
    costNanos === 0
      ? null
      : {
          event_name: STRIPE_EVENT,
          // Stripe drops a second event of the same identifier within a day, so a failed run can be sent again.
          identifier:
            callId ?? identifier([day, customerId, queryType, route, model, String(answered), environment]),
          timestamp: Math.floor(at.getTime() / 1_000),
          payload: { stripe_customer_id: stripeCustomer, value: String(costNanos) },
        },
};

/** Stripe takes 100 characters. */
function identifier(parts: string[]): string {
  return `tollgate-${parts[0]}-${createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32)}`;
}

export const FORMATS: Record<string, Format> = {
  csv,
  focus: { grain: "day", grains: ["call", "day"], columns: focusColumns },
  stripe,
};
