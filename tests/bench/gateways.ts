import { randomBytes } from "node:crypto";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { toDollars } from "../../litellm-config";
import { litellmConfig } from "../../litellm-config/render";
import type { Deployment } from "../../litellm-config/render/litellm-schema";
import type { Running } from "../../local/processes";
import { ports } from "../../catalogue";
import { startService } from "../../local/target";
import type { Customer } from "../support/gateway";
import { AGENT_KEY, freePort, startStack, type CallOptions, type Stack } from "../support/gateway";

/** Two gateways over one provider, one Redis and one trace sink: LiteLLM with the guard, and the same LiteLLM without it. */
export interface Gateways {
  stack: Stack;
  stock: Running;
  stop(): Promise<void>;
}

export type Kind = "guarded" | "stock";

/** What LiteLLM does without the guard: its own session budget, metrics and cache; `traced`: its own traces to Langfuse as well. */
export type Against = "bare" | "traced";

export async function startGateways(against: Against): Promise<Gateways> {
  // A conversation here takes a second a call: its tokens a minute would end it before its money does.
  const stack = await startStack({ session: { tokensPerMinute: 10_000_000 } });
  try {
    const { machine } = stack;
    const port = await freePort();
    const folder = writeStockConfig(stack, against);
    const { args, env } = machine.extra?.gateway?.() ?? {};
    const stock = await startService("gateway", {
      ...machine,
      port: (catalogued) => (catalogued === ports.gateway ? port : machine.port(catalogued)),
      folders: { gateway: () => folder },
      extra: {
        gateway: () => ({
          args,
          // LiteLLM does not start without one, though every request goes to custom_auth.
          env: { ...env, LITELLM_MASTER_KEY: `sk-${randomBytes(32).toString("hex")}` },
        }),
      },
      logFile: () => join(stack.folder, "stock.log"),
    });
    return {
      stack,
      stock,
      stop: async () => {
        await stock.stop();
        await stack.stop();
      },
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
}

/**
 * The rendered configuration with LiteLLM's own session budget in the guard's place, the providers' addresses and keys in the
 * meter's, and all else as it is.
 */
function writeStockConfig(stack: Stack, against: Against): string {
  const folder = join(stack.folder, "stock");
  mkdirSync(folder, { recursive: true });
  const config = litellmConfig(stack.definitions, { target: "providers" });
  const callbacks = config.litellm_settings.callbacks.filter((name) => !name.startsWith("tollgate_guard"));
  const stock = {
    ...config,
    model_list: config.model_list.map((deployment) => ({
      ...deployment,
      litellm_params: { ...deployment.litellm_params, ...reached(deployment, stack.simulator.url) },
    })),
    litellm_settings: {
      ...config.litellm_settings,
      callbacks: against === "traced" ? [...callbacks, "langfuse_otel"] : callbacks,
      // All of LiteLLM's metrics, as it publishes them by itself.
      prometheus_metrics_config: undefined,
    },
    general_settings: { ...config.general_settings, custom_auth: "stock_auth.authenticate" },
    agents: [
      {
        agent_name: "bench",
        agent_card_params: { name: "bench", description: "", url: "http://127.0.0.1", version: "1" },
        litellm_params: { max_budget_per_session: toDollars(stack.definitions.session.budget) },
      },
    ],
  };
  writeFileSync(join(folder, "config.yaml"), stringify(stock));
  copyFileSync(join(__dirname, "stock_auth.py"), join(folder, "stock_auth.py"));
  return folder;
}

/** How LiteLLM alone reaches a model at the simulated provider: only the meter knows what `*.meter.invalid` is. */
function reached({ litellm_params }: Deployment, simulator: string): Record<string, string> {
  if (litellm_params.model.startsWith("anthropic/"))
    return { api_base: simulator, api_key: "os.environ/ANTHROPIC_API_KEY" };
  if (litellm_params.model.startsWith("openai/"))
    return { api_base: "os.environ/SELF_HOSTED_URL", api_key: "os.environ/SELF_HOSTED_API_KEY" };
  return { api_base: simulator };
}

/**
 * What is asked where both gateways are measured. LiteLLM with a session budget reaches no model of Vertex AI: it sends its
 * agent's id as a label, one character longer than labels may be.
 */
export const MEASURED_MODEL = "claude-haiku-4-5";

/** Sends a customer's call to one of the two; resolves with its status once the answer is read. */
export async function send(
  gateways: Pick<Gateways, "stack"> & Partial<Gateways>,
  kind: Kind,
  customer: Customer,
  model: string,
  options: CallOptions,
): Promise<number> {
  const { url } = kind === "guarded" ? gateways.stack.gateway : gateways.stock!;
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${AGENT_KEY}` },
    body: JSON.stringify(customer.request(model, options)),
  });
  await response.arrayBuffer();
  return response.status;
}
