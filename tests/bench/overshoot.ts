import type { NanoDollars } from "../../litellm-config";
import { Customer, eventually } from "../support/gateway";
import { send, type Gateways, type Kind } from "./gateways";

export interface Overshoot {
  /** What a session may cost. */
  cap: NanoDollars;
  /** What the provider billed, by its own account. */
  billed: Record<Kind, NanoDollars>;
  /** Billed above the cap, as a share of it. */
  over: Record<Kind, number>;
}

const PARALLEL = 50;
const LATENCY = 200;
/** 800 tokens of the most expensive model are $0.016: fifty calls are more than a session may cost. */
const MODEL = "claude-opus-5-5";
const OUTPUT = 800;
const MOST_CALLS = 5;

/** Fifty callers of one session who ask until they are refused: what LiteLLM's own session budget lets through, and ours. */
export async function measureOvershoot(gateways: Gateways): Promise<Overshoot> {
  const cap = gateways.stack.definitions.session.budget;
  const spend = async (kind: Kind): Promise<NanoDollars> => {
    const customer = await Customer.create(gateways.stack, "tier_3");
    await customer.behave({ outputTokens: OUTPUT, latencyMs: LATENCY });
    const metadata = { session_id: `overshoot-${kind}-${customer.id}` };
    const caller = async () => {
      for (let i = 0; i < MOST_CALLS; i++) {
        const status = await send(gateways, kind, customer, MODEL, {
          metadata,
          body: { max_tokens: OUTPUT },
        });
        if (status !== 200) return;
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, caller));
    const account = await eventually("the provider's account", async () => {
      const read = await gateways.stack.provider.account(customer.id);
      return read.answering === 0 && read;
    });
    return account.totalNanos;
  };
  const billed = { stock: await spend("stock"), guarded: await spend("guarded") };
  const over = (nanos: NanoDollars) => Math.max(0, nanos - cap) / cap;
  return { cap, billed, over: { stock: over(billed.stock), guarded: over(billed.guarded) } };
}
