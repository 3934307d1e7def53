import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import type { Extra } from "../target";
import type { StackSettings } from "./settings";

/**
 * What the gateway is started with for the provider in use.
 *
 * @param simulator The simulator's address.
 */
export function gatewayExtra({ provider, gatewayWorkers }: StackSettings, simulator: string): Extra {
  const workers = ["--num_workers", String(gatewayWorkers)];
  if (provider.kind === "real") return { args: workers, env: provider.variables };
  const [url, key = "none"] = provider.kind === "server" ? [provider.url, provider.key] : [`${simulator}/v1`];
  return oneServer(url, key, workers, join(paths.generated, "gateway"));
}

/** One OpenAI-compatible server in every provider's place. */
export function oneServer(url: string, key: string, args: string[], folder: string): Extra {
  return {
    // The last one counts.
    args: [...args, "--config", join(folder, "config.provider-url.yaml")],
    env: { TOLLGATE_PROVIDER_URL: url, TOLLGATE_PROVIDER_KEY: key },
  };
}

/** Why there is no simulator. */
export function providerInUse({ provider }: StackSettings): string {
  if (provider.kind === "server")
    return `TOLLGATE_PROVIDER_URL is set: ${new URL(provider.url).origin} answers`;
  if (provider.kind === "real")
    return `${Object.keys(provider.variables).join(", ")} set: the providers answer`;
  return "";
}
