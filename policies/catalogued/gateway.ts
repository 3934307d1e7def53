import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { gatewayFiles } from "../../infra/definitions-hash";
import { definitions } from "../../litellm-config";
import { judgeGuard, judgeLitellm } from "../budgets/deployed";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";

/** A stack may set its tiers' budgets and prices; other rules bound them. */
const OF_STACK = ["tiers", "fleet"];

export const gatewayAsRendered: Rule = {
  name: "gateway-as-rendered",
  description:
    "LiteLLM's configuration and the guard's are what the definitions come down to, but for a stack's own tiers.",
  severity: "critical",
  remedy: "Change litellm-config/definitions/ and deploy what `npm run render` makes of it",
  checks: onFiles((file) => [
    ...judgeLitellm(file, (config) => differences(config, rendered().litellm, [])),
    ...judgeGuard(
      file,
      (guard) => differences(guard as unknown as Props, rendered().guard, OF_STACK),
      undefined,
    ),
  ]),
};

let made: { litellm: Props; guard: Props } | undefined;

function rendered(): { litellm: Props; guard: Props } {
  if (!made) {
    const files = gatewayFiles(definitions);
    made = {
      litellm: parse(files["config.yaml"]!) as Props,
      guard: JSON.parse(files["guard.json"]!) as Props,
    };
  }
  return made;
}

function differences(found: Props, wanted: Props, free: string[]): string[] {
  return Object.keys({ ...wanted, ...found })
    .filter((key) => !free.includes(key) && !isDeepStrictEqual(found[key], wanted[key]))
    .map((key) => `${key} is not what the definitions come down to`);
}
