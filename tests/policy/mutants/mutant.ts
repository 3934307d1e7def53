import { UNKNOWN, type Plan } from "../../../infra/plan";
import { evaluate, type Resource } from "../../../policies/evaluate";
import { environmentOf, policiesFor } from "../../../policies/pack";

/** One setting of a stack, broken. */
export interface Mutant {
  /** What sort of fault it is, as `firewall` or `budget`. */
  kind: string;
  /** Which setting of which resource became what. */
  what: string;
  /** The stack's resources with the fault in them. */
  resources: Resource[];
}

/** The resources of a plan as policies see them: what only an update can tell is undefined under its key. */
export function resourcesOf({ resources }: Plan): Resource[] {
  return resources.map(({ type, name, inputs, protect, dependsOn }) => ({
    type,
    name,
    props: known(inputs) as Resource["props"],
    protect,
    dependsOn,
  }));
}

function known(value: unknown): unknown {
  if (value === UNKNOWN) return undefined;
  if (Array.isArray(value)) return value.map(known);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, known(each)]));
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
 * The first mandatory policy that finds a mutant; none when it gets by. Policies on single resources see only those that differ.
 */
export async function killer(
  stack: string,
  base: Resource[],
  { resources }: Mutant,
): Promise<string | undefined> {
  const before = new Set(base);
  const different = resources.filter((resource) => !before.has(resource));
  for (const policy of policiesFor(environmentOf(stack))) {
    if (policy.enforcementLevel !== "mandatory") continue;
    const found = await evaluate([policy], "validateStack" in policy ? resources : different);
    if (found.length > 0) return policy.name;
  }
  return undefined;
}
