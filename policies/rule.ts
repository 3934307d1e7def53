import {
  validateResourceOfType,
  type EnforcementLevel,
  type PolicyConfigSchema,
  type PolicyResource,
  type ResourceValidation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type Severity,
  type StackValidationPolicy,
} from "@pulumi/policy";
import type { Resource } from "@pulumi/pulumi";
import { known, type Known, type Props } from "./known";

export type { Known, Props };

/** How strictly a stack is checked: prod is never milder than dev. */
export type Environment = "dev" | "prod";

/** A class of the provider's SDK, with the type of the inputs it takes. */
export type ResourceClass<R extends Resource, Args> = {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  new (name: string, args: Args, ...rest: any[]): R;
};

/** What a check sees of a resource besides its inputs. */
export interface Judged {
  type: string;
  name: string;
  /** Whether the engine refuses to delete it. */
  protect: boolean;
  /** Inputs that an update leaves as they are. */
  ignoreChanges: string[];
}

/** A check of some resources. */
export interface Check {
  isFor: (resource: Pick<ResourceValidationArgs, "isType">) => boolean;
  /** The check as the engine takes it, once it is known how a finding is reported and what the settings are. */
  validation: (
    message: (finding: string) => string,
    settings: (args: ResourceValidationArgs) => Props,
  ) => ResourceValidation;
}

export interface Rule {
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
  /** Checks of single resources. */
  checks?: Check[];
  /** Findings about the stack as a whole: field, value, why. `settings` are those above. */
  checkStack?: (resources: PolicyResource[], settings: Props) => string[];
}

/** The two kinds of policy that the engine takes. */
export type TollgatePolicy = ResourceValidationPolicy | StackValidationPolicy;

/** A check of the resources of one class. It returns findings: field, value, why. */
export function ofType<R extends Resource, Args>(
  resourceClass: ResourceClass<R, Args>,
  check: (props: Known<Args>, resource: Judged, settings: Props) => string[],
): Check {
  return {
    isFor: (resource) => resource.isType(resourceClass),
    validation: (message, settings) =>
      validateResourceOfType(resourceClass, (props, args, report) => {
        for (const finding of check(known(props as Props) as Known<Args>, judged(args), settings(args)))
          report(message(finding));
      }),
  };
}

/** A check of resources of every type, for what many types have in common. */
export function ofAnyType(check: (props: Props, resource: Judged, settings: Props) => string[]): Check {
  return {
    isFor: () => true,
    validation: (message, settings) => (args, report) => {
      for (const finding of check(known(args.props), judged(args), settings(args))) report(message(finding));
    },
  };
}

/** The resources of one class in a stack, with what is known of their inputs. */
export function allOf<R extends Resource, Args>(
  resources: PolicyResource[],
  resourceClass: ResourceClass<R, Args>,
): { name: string; props: Known<Args>; resource: PolicyResource }[] {
  const byClass = classes.get(resources) ?? new Map<unknown, Found[]>();
  classes.set(resources, byClass);
  const before = byClass.get(resourceClass);
  const found =
    before ??
    resources
      .filter((resource) => resource.isType(resourceClass))
      .map((resource) => ({ name: resource.name, props: resource.props, resource }));
  if (!before) byClass.set(resourceClass, found);
  return found as { name: string; props: Known<Args>; resource: PolicyResource }[];
}

interface Found {
  name: string;
  props: Props;
  resource: PolicyResource;
}

/** Many rules look for the same classes in one list of resources. */
const classes = new WeakMap<PolicyResource[], Map<unknown, Found[]>>();

/** A rule as a policy of Pulumi's, for the stack of an environment. Every message ends with the remedy. */
export function toPolicy(rule: Rule, environment: Environment): TollgatePolicy {
  const { checks = [], checkStack } = rule;
  const common = {
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.remedy,
    enforcementLevel: rule.enforcement?.[environment] ?? ("mandatory" as const),
    ...(rule.settings ? { configSchema: { properties: rule.settings } } : {}),
  };
  const message = (finding: string) => `${finding}. ${rule.remedy}`;
  const defaults = Object.fromEntries(
    Object.entries(rule.settings ?? {}).map(([name, { default: value }]) => [name, value]),
  );
  const settings = (args: { getConfig: <T extends object>() => T }): Props => ({
    ...defaults,
    ...args.getConfig<Props>(),
  });
  if (checkStack) {
    return {
      ...common,
      validateStack: (args, report) => {
        const resources = knownOf(args.resources);
        for (const finding of checkStack(resources, settings(args))) report(message(finding));
      },
    };
  }
  const validations = checks.map(({ validation, isFor }) => ({
    isFor,
    validate: validation(message, settings),
  }));
  return {
    ...common,
    // One function, not one for each class: the engine would read every resource anew for each.
    validateResource:
      validations.length === 1
        ? validations[0]!.validate
        : async (args, report) => {
            for (const { isFor, validate } of validations) if (isFor(args)) await validate(args, report);
          },
  };
}

/** The stack that was read last: every rule on the stack reads the same one. */
let last: { from: PolicyResource[]; resources: PolicyResource[] } | undefined;

function knownOf(from: PolicyResource[]): PolicyResource[] {
  if (last?.from !== from)
    last = { from, resources: from.map((resource) => ({ ...resource, props: known(resource.props) })) };
  return last.resources;
}

function judged({ type, name, opts }: ResourceValidationArgs): Judged {
  return { type, name, protect: opts?.protect === true, ignoreChanges: opts?.ignoreChanges ?? [] };
}
