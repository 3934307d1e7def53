import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plan, type Plan, type PlannedResource } from ".";
import { stackShape } from "./all-settings";
import { shapeText } from "./shape";
import { STACKS } from "./stack-file";

const FOLDER = join(__dirname, "..", "..", "generated", "plan");

/** The committed plan of a stack; none when it was never rendered. */
export function committedPlan(stack: string): PlannedResource[] {
  const file = join(FOLDER, `${stack}.json`);
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { resources: PlannedResource[] }).resources;
}

/** A plan as it is committed. */
export function committedForm({ stack, outputs, resources }: Plan): string {
  return `${JSON.stringify({ stack, outputs, resources }, null, 2)}\n`;
}

/** `generated/plan/`: the plan of every stack, and what all plans have in common. */
export async function renderPlanFiles(): Promise<Record<string, string>> {
  const plans: Plan[] = [];
  for (const stack of STACKS) plans.push(await plan(stack));
  const files = plans.map((each) => [`plan/${each.stack}.json`, committedForm(each)] as const);
  return { ...Object.fromEntries(files), "plan/shape.json": shapeText(await stackShape(plans)) };
}
