import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plan, type Plan, type PlannedResource } from ".";
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

/** `generated/plan/`: the plan of every stack. */
export async function renderPlanFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const stack of STACKS) files[`plan/${stack}.json`] = committedForm(await plan(stack));
  return files;
}
