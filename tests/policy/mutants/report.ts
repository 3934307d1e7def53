/**
 * Breaks the plans of every deployment and says which faults the pack does not find.
 *
 *     npx tsx tests/policy/mutants/report.ts [stack] [deployment] [phase] [kinds|systematic]
 */
import { plan, readStackFile } from "../../../infra/plan";
import { whyEquivalent } from "./equivalent";
import { targeted } from "./kinds";
import { resourcesOf } from "../../../policies/judge-plan";
import { killer, type Mutant } from "./mutant";
import { systematic } from "./systematic";

const [onlyStack, onlyDeployment, onlyPhase, onlyPart] = process.argv.slice(2);
const among = <T extends string>(only: string | undefined, all: T[]) =>
  only ? all.filter((each) => each === only) : all;

async function main(): Promise<void> {
  for (const stack of among(onlyStack, ["dev", "prod"])) {
    for (const deployment of among(onlyDeployment, ["cloud-run", "gce-vm"])) {
      for (const phase of among(onlyPhase, ["1", "2", "3", "4", "5"])) {
        const settings = readStackFile(stack);
        Object.assign(settings.values, { "tollgate:deployment": deployment, "tollgate:phase": phase });
        const base = resourcesOf(await plan(stack, settings));
        const kinds = await judge(stack, base, onlyPart === "systematic" ? [] : targeted(base));
        const every = await judge(stack, base, onlyPart === "kinds" ? [] : systematic(base));
        const open = every.survived.filter(({ what }) => !whyEquivalent(what));
        console.log(
          `${stack} ${deployment} phase ${phase}: by kind ${kinds.killed} killed, ${kinds.survived.length} survived; ` +
            `systematic ${every.killed} killed, ${every.survived.length - open.length} without effect, ${open.length} survived`,
        );
        for (const { kind, what } of [...kinds.survived, ...open]) console.log(`  ${kind}: ${what}`);
      }
    }
  }
}

async function judge(stack: string, base: ReturnType<typeof resourcesOf>, mutants: Iterable<Mutant>) {
  let killed = 0;
  const survived: Mutant[] = [];
  for (const mutant of mutants) {
    if (await killer(stack, base, mutant)) killed++;
    else survived.push(mutant);
  }
  return { killed, survived };
}

void main();
