import { parse } from "yaml";
import { withOverrides } from "../../infra/config";
import { gatewayFiles } from "../../infra/definitions-hash";
import { judgeGuard, judgeLitellm } from "../budgets/deployed";
import { onFiles } from "../deployed/files";
import type { Props, Rule } from "../rule";
import { stackSetting } from "../stack-settings";
import { differencesFrom } from "./differences";

/** What a stack's own tiers change, which other rules bound where the stack is not known. */
const OF_STACK = ["tiers", "fleet"];

export const gatewayAsRendered: Rule = {
  name: "gateway-as-rendered",
  description:
    "LiteLLM's configuration and the guard's are what the definitions come down to, with the stack's own tiers.",
  severity: "critical",
  remedy: "Change litellm-config/definitions/ and deploy what `npm run render` makes of it",
  checks: onFiles((file) => [
    ...judgeLitellm(file, (config) => differences(config, rendered().litellm, [])),
    ...judgeGuard(
      file,
      (guard) =>
        differences(guard as unknown as Props, rendered().guard, stackSetting("gcp:project") ? [] : OF_STACK),
      undefined,
    ),
  ]),
};

let made: { tiers: string; litellm: Props; guard: Props } | undefined;

/** The gateway's files with the tiers of the stack. */
function rendered(): { litellm: Props; guard: Props } {
  const tiers = stackSetting("tollgate:tiers") ?? "{}";
  if (made?.tiers !== tiers) {
    const files = gatewayFiles(withOverrides("the stack", JSON.parse(tiers) as StackTiers));
    made = {
      tiers,
      litellm: parse(files["config.yaml"]!) as Props,
      guard: JSON.parse(files["guard.json"]!) as Props,
    };
  }
  return made;
}

type StackTiers = Parameters<typeof withOverrides>[1];

function differences(found: Props, wanted: Props, free: string[]): string[] {
  const judged = (config: Props) =>
    Object.fromEntries(Object.entries(config).filter(([key]) => !free.includes(key)));
  return differencesFrom(judged(wanted), judged(found), "");
}
