import type { Provider } from "../../litellm-config";
import type { Charge } from "../ledger/charges";
import { decimalUsd } from "./decimal";

type Column = { name: string; value: (charge: Charge) => string | number | null };

/** Who sells each provider's models, and the service's name on its bill. */
const SELLERS: Record<Provider, { seller: string; service: string }> = {
  anthropic: { seller: "Anthropic", service: "Claude API" },
  vertex: { seller: "Google Cloud", service: "Vertex AI" },
  self_hosted: { seller: "Self-hosted", service: "Self-hosted models" },
};

const cost = ({ costNanos }: Charge) => decimalUsd(costNanos);
const tokens = ({ promptTokens, completionTokens }: Charge) => promptTokens + completionTokens;
const seller = ({ provider }: Charge) => SELLERS[provider].seller;

/**
 * FOCUS 1.2: every mandatory column, and the conditional ones that an LLM call has a value for. One row sums up prompt and
 * answer, which cost differently, so there is no unit price. The customer is the sub account.
 * https://focus.finops.org/focus-specification/v1-2/
 */
export const focusColumns: Column[] = [
  { name: "BilledCost", value: cost },
  { name: "BillingAccountId", value: seller },
  { name: "BillingAccountName", value: seller },
  { name: "BillingAccountType", value: () => "Organization" },
  { name: "BillingCurrency", value: () => "USD" },
  { name: "BillingPeriodEnd", value: ({ day }) => utc(monthAfter(day)) },
  { name: "BillingPeriodStart", value: ({ day }) => utc(new Date(`${day.slice(0, 7)}-01`)) },
  { name: "ChargeCategory", value: () => "Usage" },
  { name: "ChargeClass", value: () => null },
  {
    name: "ChargeDescription",
    value: ({ model, answered, calls }) =>
      `${calls} ${calls === 1 ? "call" : "calls"} to ${model}${answered ? "" : ", without an answer"}`,
  },
  { name: "ChargeFrequency", value: () => "Usage-Based" },
  {
    name: "ChargePeriodEnd",
    value: (charge) => utc(new Date(periodStart(charge).getTime() + (charge.callId ? 1_000 : 86_400_000))),
  },
  { name: "ChargePeriodStart", value: (charge) => utc(periodStart(charge)) },
  { name: "ConsumedQuantity", value: tokens },
  { name: "ConsumedUnit", value: () => "Tokens" },
  { name: "ContractedCost", value: cost },
  { name: "EffectiveCost", value: cost },
  { name: "InvoiceIssuerName", value: seller },
  { name: "ListCost", value: cost },
  { name: "PricingCategory", value: () => "Standard" },
  { name: "PricingQuantity", value: tokens },
  { name: "PricingUnit", value: () => "Tokens" },
  { name: "ProviderName", value: seller },
  { name: "PublisherName", value: seller },
  { name: "ServiceCategory", value: () => "AI and Machine Learning" },
  { name: "ServiceName", value: ({ provider }) => SELLERS[provider].service },
  { name: "ServiceSubcategory", value: () => "Generative AI" },
  { name: "SkuId", value: ({ model }) => model },
  { name: "SkuMeter", value: () => "Tokens" },
  { name: "SkuPriceId", value: ({ model }) => `${model}/list` },
  { name: "SubAccountId", value: ({ customerId }) => customerId },
  { name: "SubAccountName", value: ({ customerName }) => customerName },
  { name: "SubAccountType", value: () => "Customer" },
  {
    name: "Tags",
    value: ({ planTier, queryType, route, environment }) =>
      JSON.stringify({ plan_tier: planTier, query_type: queryType, route, environment }),
  },
];

/** A call's second, or its day. */
function periodStart({ at, day, callId }: Charge): Date {
  return callId ? new Date(Math.floor(at.getTime() / 1_000) * 1_000) : new Date(day);
}

function monthAfter(day: string): Date {
  const [year, month] = day.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, month, 1));
}

/** As FOCUS writes a moment: "2026-11-24T00:00:00Z". */
function utc(moment: Date): string {
  return `${moment.toISOString().slice(0, 19)}Z`;
}
