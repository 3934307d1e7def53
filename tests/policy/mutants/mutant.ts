import type { Layout } from "../../../infra/gcp/sizes";
import { readStackFile, type StackSettings } from "../../../infra/plan";
import { evaluate, type Resource } from "../../../policies/evaluate";
import { environmentOf, policiesFor } from "../../../policies/pack";

/** One setting of a stack, broken. */
export interface Mutant {
  /** The kind of fault, such as `firewall` or `budget`. */
  kind: string;
  /** Which setting of which resource became what. */
  what: string;
  /** The stack's resources with the fault in them. */
  resources: Resource[];
}

/**
 * A stack's settings as it is deployed: with digests, without which a machine's configuration is not known, with a budget of the
 * bill and, in dev, with office hours.
 *
 * @param layout Instead of the stack's own.
 */
export function deployed(stack: string, deployment: string, phase: string, layout?: Layout): StackSettings {
  const settings = readStackFile(stack);
  const digest = (digit: string) => `sha256:${digit.repeat(64)}`;
  Object.assign(settings.values, {
    "tollgate:deployment": deployment,
    "tollgate:phase": phase,
    ...(layout ? { "tollgate:sizes": JSON.stringify({ layout }) } : {}),
    // A vCPU for each container costs more than the stacks may.
    ...(layout === "apart"
      ? { "tollgate:monthlyCostCeiling": "750", "tollgate:monthlyWorstCaseCeiling": "2000" }
      : {}),
    "tollgate:billingAccount": "012345-6789AB-CDEF01",
    ...(stack === "dev" && deployment === "cloud-run"
      ? { "tollgate:officeHours": JSON.stringify({ from: 8, to: 18, timeZone: "Europe/Brussels" }) }
      : {}),
    "tollgate:images": JSON.stringify({ agent: digest("a"), gateway: digest("b") }),
  });
  return settings;
}

/** A stack with one resource changed; the change works on a copy. */
export function changed(resources: Resource[], at: number, change: (resource: Resource) => void): Resource[] {
  const copy = structuredClone(resources[at]!);
  change(copy);
  return resources.map((resource, index) => (index === at ? copy : resource));
}

/** A stack with one more resource. */
export function withOne(resources: Resource[], added: Resource): Resource[] {
  return [...resources, added];
}

/**
 * The first policy that finds a mutant; none when it gets by. Policies on single resources see only those that differ.
 *
 * @param advising policies that find something in the unchanged stack, so that their findings do not count.
 */
export async function killer(
  stack: string,
  base: Resource[],
  { resources }: Mutant,
  advising: ReadonlySet<string> = new Set(),
): Promise<string | undefined> {
  const before = new Set(base);
  const different = resources.filter((resource) => !before.has(resource));
  // Those on single resources first: they look at what differs only.
  const ofStack = (policy: object) => Number("validateStack" in policy);
  const policies = policiesFor(environmentOf(stack)).sort((a, b) => ofStack(a) - ofStack(b));
  for (const policy of policies) {
    if (advising.has(policy.name)) continue;
    const found = await evaluate([policy], "validateStack" in policy ? resources : different);
    if (found.length > 0) return policy.name;
  }
  return undefined;
}

/** The advisory policies that find something in a stack; a mandatory one must find nothing. */
export async function advisingOn(stack: string, resources: Resource[]): Promise<Set<string>> {
  const advising = new Set<string>();
  for (const policy of policiesFor(environmentOf(stack))) {
    const found = await evaluate([policy], resources);
    if (found.length === 0) continue;
    if (policy.enforcementLevel === "mandatory")
      throw new Error(`${policy.name} finds something in the unchanged stack: ${found[0]!.message}`);
    advising.add(policy.name);
  }
  return advising;
}

/** Resources of plans, by what they are: two plans have much in common. */
export class Tried {
  private readonly known = new Set<string>();

  add(resources: Resource[]): void {
    for (const resource of resources) this.known.add(identity(resource));
  }

  /** The mutants with a fault in a resource that no plan before had. */
  *onlyNew(base: Resource[], mutants: Iterable<Mutant>): Generator<Mutant> {
    const own = new Set(base.filter((resource) => !this.known.has(identity(resource))));
    for (const mutant of mutants) {
      const kept = new Set(mutant.resources);
      if (this.known.size === 0 || [...own].some((resource) => !kept.has(resource))) yield mutant;
    }
  }
}

/** The phase is a label of every resource. */
function identity({ type, name, props: { labels: _, ...props } }: Resource): string {
  return JSON.stringify([type, name, props]);
}
