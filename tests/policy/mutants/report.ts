/**
 * Breaks the plans of every deployment and says which faults the pack does not find.
 *
 *     npx tsx tests/policy/mutants/report.ts [stack] [deployment] [phase] [kinds|systematic]
 */
import { LAYOUTS, type Layout } from "../../../infra/gcp/sizes";
import { plan } from "../../../infra/plan";
import { whyEquivalent } from "./equivalent";
import { targeted } from "./kinds";
import { resourcesOf } from "../../../policies/judge-plan";
import { advisingOn, deployed, killer, Tried, type Mutant } from "./mutant";
import { systematic } from "./systematic";

const [onlyStack, onlyDeployment, onlyPhase, onlyPart] = process.argv.slice(2);
const among = <T extends string>(only: string | undefined, all: T[]) =>
  only ? all.filter((each) => each === only) : all;

async function main(): Promise<void> {
  for (const stack of among(onlyStack, ["dev", "prod"])) {
    for (const deployment of among(onlyDeployment, ["cloud-run", "gce-vm"])) {
      for (const phase of among(onlyPhase, ["1", "2", "3", "4", "5"])) {
        // What is the same in a plan's layouts is tried in the first.
        const tried = new Tried();
        for (const layout of deployment === "cloud-run" ? LAYOUTS.toReversed() : [undefined])
          await report(stack, deployment, phase, layout, tried);
      }
    }
  }
}

async function report(
  stack: string,
  deployment: string,
  phase: string,
  layout: Layout | undefined,
  tried: Tried,
): Promise<void> {
  const base = resourcesOf(await plan(stack, deployed(stack, deployment, phase, layout)));
  const advising = await advisingOn(stack, base);
  const judge = (mutants: Iterable<Mutant>) => judgeAll(stack, base, tried.onlyNew(base, mutants), advising);
  const kinds = await judge(onlyPart === "systematic" ? [] : targeted(base));
  const every = await judge(onlyPart === "kinds" ? [] : systematic(base));
  tried.add(base);
  const open = every.survived.filter(({ what }) => !whyEquivalent(what));
  console.log(
    `${stack} ${deployment} phase ${phase}${layout ? ` ${layout}` : ""}: by kind ${kinds.killed} killed, ${kinds.survived.length} survived; ` +
      `systematic ${every.killed} killed, ${every.survived.length - open.length} without effect, ${open.length} survived`,
  );
  for (const { kind, what } of [...kinds.survived, ...open]) console.log(`  ${kind}: ${what}`);
}

async function judgeAll(
  stack: string,
  base: ReturnType<typeof resourcesOf>,
  mutants: Iterable<Mutant>,
  advising: ReadonlySet<string>,
) {
  let killed = 0;
  const survived: Mutant[] = [];
  for (const mutant of mutants) {
    if (await killer(stack, base, mutant, advising)) killed++;
    else survived.push(mutant);
  }
  return { killed, survived };
}

void main();
