import type { Layout } from "../../../infra/gcp/sizes";
import { plan } from "../../../infra/plan";
import { targeted } from "./kinds";
import { containersOf } from "./kinds/containers";
import { resourcesOf } from "../../../policies/judge-plan";
import { advisingOn, deployed, killer, Tried, type Mutant } from "./mutant";

/** One mutant of each fault: `report.ts` tries every fault at every place, which takes minutes. */
function oneOfEach(mutants: Iterable<Mutant>): Mutant[] {
  const byFault = new Map<string, Mutant>();
  for (const mutant of mutants) {
    const fault = `${mutant.kind} ${mutant.what.split(": ").slice(1).join(": ") || mutant.what}`;
    if (!byFault.has(fault)) byFault.set(fault, mutant);
  }
  return [...byFault.values()];
}

/** A fault in a resource that is the same in two plans is tried in the first. */
const tried = new Tried();

describe.each<[string, string, string, Layout | undefined]>([
  ["prod", "cloud-run", "5", "grouped"],
  ["prod", "cloud-run", "5", "apart"],
  ["dev", "cloud-run", "5", "packed"],
  ["dev", "gce-vm", "5", undefined],
])("%s on %s in phase %s, layout %s", (stack, deployment, phase, layout) => {
  it("has no fault of these kinds that the pack does not find", async () => {
    const base = resourcesOf(await plan(stack, deployed(stack, deployment, phase, layout)));
    const advising = await advisingOn(stack, base);
    // Any other text is not what its folder's name stands for, nor what is rendered: of what has rules on what the text says,
    // those must find it themselves.
    const rendered = new Set([...advising, "configuration-addressed"]);
    const onContent = new Set([...rendered, "configuration-as-rendered"]);
    // Rewriting without a fault must not be a finding, or every mutant of it would be found for that.
    for (const { where, change } of containersOf(base))
      expect([
        where,
        await killer(stack, base, { kind: "", what: "", resources: change(() => {}) }, onContent),
      ]).toEqual([where, undefined]);
    const skipped: Record<string, Set<string>> = { design: advising, "rendered file": rendered };
    const survived: string[] = [];
    const mutants = oneOfEach(tried.onlyNew(base, targeted(base)));
    tried.add(base);
    expect(mutants.length).toBeGreaterThan(150);
    for (const mutant of mutants)
      if (!(await killer(stack, base, mutant, skipped[mutant.kind] ?? onContent)))
        survived.push(`${mutant.kind}: ${mutant.what}`);
    expect(survived).toEqual([]);
  }, 600_000);
});
