import type { EnforcementLevel, PolicyResource, ResourceValidationArgs, Severity } from "@pulumi/policy";
import type { Props, TollgatePolicy } from "./rule";

/** A resource as a plan knows it. */
export interface Resource {
  type: string;
  name: string;
  props: Props;
}

export interface Violation {
  policy: string;
  level: EnforcementLevel;
  severity: Severity;
  /** Name of the resource; none for a finding about the stack. */
  resource?: string;
  message: string;
}

/**
 * Judges resources by policies without an engine: what `pulumi preview --policy-pack policies` does with a plan.
 *
 * @param settings The pack's config: settings by policy, over their defaults.
 */
export async function evaluate(
  policies: TollgatePolicy[],
  resources: Resource[],
  settings: Record<string, object> = {},
): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (const policy of policies) {
    const level = policy.enforcementLevel ?? "mandatory";
    if (level === "disabled") continue;
    const found = (message: string, resource?: string) =>
      violations.push({
        policy: policy.name,
        level,
        severity: policy.severity ?? "medium",
        resource,
        message,
      });
    const getConfig = <T>() => ({ ...defaultsOf(policy), ...settings[policy.name] }) as T;

    if ("validateStack" in policy) {
      await policy.validateStack(
        { resources: resources as unknown as PolicyResource[], getConfig } as never,
        (message) => found(message),
      );
    } else {
      for (const resource of resources) {
        const args = { ...resource, getConfig } as unknown as ResourceValidationArgs;
        for (const validate of [policy.validateResource ?? []].flat()) {
          await validate(args, (message) => found(message, resource.name));
        }
      }
    }
  }
  return violations;
}

function defaultsOf({ configSchema }: TollgatePolicy): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configSchema?.properties ?? {}).map(([name, { default: value }]) => [name, value]),
  );
}
