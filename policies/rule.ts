import type {
  EnforcementLevel,
  PolicyConfigSchema,
  PolicyResource,
  ResourceValidationPolicy,
  Severity,
  StackValidationPolicy,
} from "@pulumi/policy";
import { known, type Props } from "./known";

export type { Props };

/** How a stack is judged: prod is never milder than dev. */
export type Environment = "dev" | "prod";

export interface Rule<Settings extends object = object> {
  name: string;
  /** What holds when the rule is kept, as a sentence. */
  description: string;
  severity: Severity;
  /** What to do about a finding, as a sentence. */
  remedy: string;
  /** Default: mandatory in both. */
  enforcement?: Partial<Record<Environment, EnforcementLevel>>;
  /** Settings of the pack's config, with their defaults. */
  settings?: PolicyConfigSchema["properties"];
  /** Types of resource that the rule looks at. */
  types?: string[];
  /** Findings about one resource: field, value, why. */
  check?: (props: Props, resource: { type: string; name: string }, settings: Settings) => string[];
  /** Findings about the stack as a whole. */
  checkStack?: (resources: PolicyResource[], settings: Settings) => string[];
}

/** The two kinds of policy that the engine takes. */
export type TollgatePolicy = ResourceValidationPolicy | StackValidationPolicy;

/** A rule as a policy of Pulumi's, for the stack of an environment. Every message ends with the remedy. */
export function toPolicy<Settings extends object>(
  rule: Rule<Settings>,
  environment: Environment,
): TollgatePolicy {
  const { check, checkStack } = rule;
  const common = {
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.remedy,
    enforcementLevel: rule.enforcement?.[environment] ?? ("mandatory" as const),
    ...(rule.settings ? { configSchema: { properties: rule.settings } } : {}),
  };
  const message = (finding: string) => `${finding}. ${rule.remedy}`;
  if (checkStack) {
    return {
      ...common,
      validateStack: (args, report) => {
        const resources = args.resources.map((resource) => ({ ...resource, props: known(resource.props) }));
        for (const finding of checkStack(resources, args.getConfig<Settings>())) report(message(finding));
      },
    };
  }
  return {
    ...common,
    validateResource: (args, report) => {
      if (!check || (rule.types && !rule.types.includes(args.type))) return;
      for (const finding of check(known(args.props), args, args.getConfig<Settings>()))
        report(message(finding));
    },
  };
}
