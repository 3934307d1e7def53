import { definitions } from "..";
import { renderGuardConfig } from "./guard";
import { renderLitellmConfig } from "./litellm";

export { guardConfig, renderGuardConfig, type GuardConfig } from "./guard";
export { litellmConfig, renderLitellmConfig, type LitellmTarget } from "./litellm";

/** The gateway's rendered files: text by path relative to `generated/`. */
export function renderGatewayFiles(): Record<string, string> {
  return {
    "gateway/guard.json": renderGuardConfig(definitions),
    "gateway/config.yaml": renderLitellmConfig(definitions, { target: "providers" }),
    "gateway/config.provider-url.yaml": renderLitellmConfig(definitions, { target: "provider-url" }),
  };
}
