import { contentHash } from "../components/config-files";
import type { Definitions } from "../litellm-config";
import { renderGuardConfig, renderLitellmConfig } from "../litellm-config/render";

/** The gateway's configuration files: what its budgets, prices and routes come down to. */
export function gatewayFiles(definitions: Definitions): Record<string, string> {
  return {
    "guard.json": renderGuardConfig(definitions),
    "config.yaml": renderLitellmConfig(definitions, { target: "providers" }),
  };
}

/** Names what the definitions come down to: the folder of the gateway's files, and what a promotion writes. */
export function definitionsHash(definitions: Definitions): string {
  return contentHash(gatewayFiles(definitions));
}
