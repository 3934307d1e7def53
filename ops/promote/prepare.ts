import { plan, settingsOf, type Plan } from "../../infra/plan";
import { committedPlan } from "../../infra/plan/golden";
import { differences, type Difference } from "../../infra/plan/compare";
import { judgePlan } from "../../policies/judge-plan";
import type { Violation } from "../../policies/evaluate";
import { budgetEnforcer, service } from "../../catalogue";
import type { NanoDollars } from "../../litellm-config/money";
import { estimate } from "../../infra/cost/estimate";
import { RefusedError } from "./checks";
import { newId, type Promotion } from "./record";
import { ENFORCED_FOLDER, ownServices, type Proven } from "./proven";
import { StackFile, type Release } from "./stack-file";

/** What a promotion would do, before anything is written. */
export interface Proposal {
  promotion: Promotion;
  plan: Plan;
  differences: Difference[];
  violations: Violation[];
  /** What the infrastructure is expected to cost a month, nano-dollars, by the committed plan and by this one. */
  cost: { before: NanoDollars; after: NanoDollars };
}

interface From {
  from: string;
  to: string;
  root: string;
  commit: string;
  proven: Proven;
  /** Hash of the definitions as this commit has them. */
  definitionsHash: string;
}

/**
 * The release that an environment has proven, as it would be in another.
 *
 * @throws RefusedError when this commit's definitions are not those that were proven, or a mandatory policy is violated.
 */
export async function propose({ from, to, root, commit, proven, definitionsHash }: From): Promise<Proposal> {
  const stackFile = new StackFile(to, root);
  const deployed = await enforcedConfiguration(from, new StackFile(from, root));
  if (proven.configuration !== deployed) {
    throw new RefusedError(
      `${from} runs the definitions ${proven.configuration}, and this commit's are ${deployed}: \`pulumi up -s ${from}\` first, ` +
        "or check out the commit that runs there",
    );
  }
  const after: Release = { images: proven.images, definitionsHash };
  const planned = await plan(to, settingsOf(stackFile.configWith(after)));
  const violations = await judgePlan(planned);
  const mandatory = violations.filter(({ level }) => level === "mandatory");
  if (mandatory.length > 0) {
    const lines = mandatory.map(({ policy, message }) => `  ${policy}: ${message}`);
    throw new RefusedError(`${to} would violate mandatory policies:\n${lines.join("\n")}`);
  }
  const committed = committedPlan(to);
  return {
    plan: planned,
    differences: differences(committed, planned.resources),
    violations,
    cost: {
      before: committed.length > 0 ? estimate(committed).total.expected : 0,
      after: estimate(planned.resources).total.expected,
    },
    promotion: {
      id: newId(),
      from,
      to,
      commit,
      startedAt: new Date().toISOString(),
      state: "prepared",
      percent: 0,
      before: stackFile.release(),
      after,
      services: Object.fromEntries(shifted().map((name) => [name, { old: "" }])),
    },
  };
}

/** The services whose traffic is moved in steps; what is there once only (an exporter) has none to share. */
function shifted(): string[] {
  return ownServices()
    .map(({ name }) => name)
    .filter((name) => !service(name).singleton);
}

/** Hash of the configuration that enforces the budgets, as this commit deploys it to a stack. */
async function enforcedConfiguration(stack: string, file: StackFile): Promise<string> {
  const { resources } = await plan(stack, settingsOf(file.config()));
  const files = resources.find(
    ({ type, name }) => type === "tollgate:gcp:ConfigFiles" && name === ENFORCED_FOLDER,
  );
  if (!files) throw new RefusedError(`${stack} has no ${budgetEnforcer.name}: deploy phase 1 first`);
  return String(files.inputs.folder).split("/")[1]!;
}
