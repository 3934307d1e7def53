import { parse } from "yaml";
import type { GuardConfig } from "../../litellm-config/render/guard";
import type { Props, Rule } from "../rule";

/** Configuration files are objects of a bucket: the policies read what is deployed, not what the checkout says. */
export const CONFIG_FILE = "gcp:storage/bucketObject:BucketObject";

const GUARD_FILE = /^gateway\/.+\/guard\.json$/;
const LITELLM_FILE = /^gateway\/.+\/config\.yaml$/;

/** A rule on the guard's configuration, `guard.json`, wherever a stack deploys one. */
export function guardRule<Settings extends object = object>(
  rule: Omit<Rule<Settings>, "types" | "check"> & {
    check: (guard: GuardConfig, settings: Settings) => string[];
  },
): Rule<Settings> {
  return {
    ...rule,
    types: [CONFIG_FILE],
    check: (props, _, settings) =>
      isFile(props, GUARD_FILE) ? rule.check(JSON.parse(props.content) as GuardConfig, settings) : [],
  };
}

/** A rule on LiteLLM's configuration, `config.yaml`, wherever a stack deploys one. */
export function litellmRule(
  rule: Omit<Rule, "types" | "check"> & { check: (config: Props) => string[] },
): Rule {
  return {
    ...rule,
    types: [CONFIG_FILE],
    check: (props) => (isFile(props, LITELLM_FILE) ? rule.check(parse(props.content) as Props) : []),
  };
}

/** Whether a stack deploys the guard's configuration at all. */
export function isGuardFile(props: Props): boolean {
  return isFile(props, GUARD_FILE);
}

function isFile(props: Props, pattern: RegExp): boolean {
  return typeof props.name === "string" && pattern.test(props.name);
}
