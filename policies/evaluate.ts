import type { EnforcementLevel, PolicyResource, ResourceValidationArgs, Severity } from "@pulumi/policy";
import type { Props, TollgatePolicy } from "./rule";

/** A resource as a plan knows it. */
export interface Resource {
  type: string;
  name: string;
  props: Props;
  /** Refused to be deleted by the engine. */
  protect?: boolean;
  /** Inputs that an update leaves as they are. */
  ignoreChanges?: string[];
  /** `type::name` of what it refers to. */
  dependsOn?: string[];
}

export interface Violation {
  policy: string;
  level: EnforcementLevel;
  severity: Severity;
  /** Name of the resource; none for a finding about the stack. */
  resource?: string;
  message: string;
}

/** A class of the provider's SDK, which knows its instances by their type. */
interface TypedClass {
  isInstance?: (value: object) => boolean;
}

/** What a check throws that is not for the resource at hand; one for all, because a stack trace takes longer than a check. */
const NOT_APPLICABLE = new Error("not applicable");

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
  const stack = inStack(resources);
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
    const getConfig = <T>() => (settings[policy.name] ?? {}) as T;

    if ("validateStack" in policy) {
      await policy.validateStack({ resources: stack, getConfig } as never, (message) => found(message));
    } else {
      for (const resource of stack) {
        const args = { ...resource, getConfig, notApplicable } as unknown as ResourceValidationArgs;
        for (const validate of [policy.validateResource ?? []].flat()) {
          try {
            await validate(args, (message) => found(message, resource.name));
          } catch (error) {
            if (error !== NOT_APPLICABLE) throw error;
          }
        }
      }
    }
  }
  return violations;
}

/** Resources as the engine hands them to a policy on the stack; the same for the same list. */
function inStack(resources: Resource[]): PolicyResource[] {
  const before = stacks.get(resources);
  if (before) return before;
  const made = link(resources);
  stacks.set(resources, made);
  return made;
}

const stacks = new WeakMap<Resource[], PolicyResource[]>();

function link(resources: Resource[]): PolicyResource[] {
  const stack = resources.map(
    ({ type, name, props, protect = false, ignoreChanges = [] }) =>
      ({
        type,
        name,
        props,
        opts: { protect, ignoreChanges },
        dependencies: [] as PolicyResource[],
        isType: ({ isInstance }: TypedClass) => isInstance?.({ __pulumiType: type }) ?? false,
      }) as unknown as PolicyResource,
  );
  const byUrn = new Map(stack.map((resource) => [`${resource.type}::${resource.name}`, resource]));
  resources.forEach(({ dependsOn = [] }, index) => {
    stack[index]!.dependencies = dependsOn.flatMap((urn) => byUrn.get(urn) ?? []);
  });
  return stack;
}

function notApplicable(): never {
  throw NOT_APPLICABLE;
}
