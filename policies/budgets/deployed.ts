import type { GuardConfig } from "../../litellm-config/render/guard";
import { onFiles, type DeployedFile } from "../deployed/files";
import type { Props, Rule } from "../rule";
import { parseYaml } from "../deployed/yaml";

/** The policies read what is deployed, to Cloud Run or to a machine, not what the checkout says. */
const GUARD_FILE = /(^|\/)gateway\/([^/]+\/)?guard\.json$/;
const LITELLM_FILE = /(^|\/)gateway\/([^/]+\/)?config\.yaml$/;

/** A rule on the guard's configuration, `guard.json`, wherever a stack deploys one. */
export function guardRule<Settings = Props>(
  rule: Omit<Rule, "checks" | "checkStack"> & {
    check: (guard: GuardConfig, settings: Settings) => string[];
  },
): Rule {
  const { check, ...rest } = rule;
  return { ...rest, checks: onFiles((file, settings) => judgeGuard(file, check, settings as Settings)) };
}

/** A rule on LiteLLM's configuration, `config.yaml`, wherever a stack deploys one. */
export function litellmRule(
  rule: Omit<Rule, "checks" | "checkStack"> & { check: (config: Props) => string[] },
): Rule {
  const { check, ...rest } = rule;
  return { ...rest, checks: onFiles((file) => judgeLitellm(file, check)) };
}

/** Findings about a file if it is the guard's. */
export function judgeGuard<Settings>(
  file: DeployedFile,
  check: (guard: GuardConfig, settings: Settings) => string[],
  settings: Settings,
): string[] {
  return isGuardFile(file) ? read(file, (text) => check(JSON.parse(text) as GuardConfig, settings)) : [];
}

/** Findings about a file if it is LiteLLM's. */
export function judgeLitellm(file: DeployedFile, check: (config: Props) => string[]): string[] {
  return LITELLM_FILE.test(file.path) ? read(file, (text) => check((parseYaml(text) ?? {}) as Props)) : [];
}

export function isGuardFile({ path }: DeployedFile): boolean {
  return GUARD_FILE.test(path);
}

export function isLitellmFile({ path }: DeployedFile): boolean {
  return LITELLM_FILE.test(path);
}

function read({ path, content }: DeployedFile, judge: (text: string) => string[]): string[] {
  return content === undefined
    ? [`${path} cannot be checked: its text is not part of the plan`]
    : judge(content);
}
