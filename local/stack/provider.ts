import { join } from "node:path";
import { paths } from "../../ops/workspace/paths";
import { simulatedProviders } from "../../simulator";
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
  if (provider.kind === "simulator") {
    const account = join(paths.data, "simulated-service-account.json");
    return { args: workers, env: simulatedProviders(simulator, account) };
  }
  const config = join(paths.generated, "gateway", "config.provider-url.yaml");
  return {
    // The last one counts.
    args: [...workers, "--config", config],
    env: { TOLLGATE_PROVIDER_URL: provider.url, TOLLGATE_PROVIDER_KEY: provider.key ?? "none" },
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
