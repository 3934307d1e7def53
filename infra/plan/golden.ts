import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { plan, STACKS, type Plan, type PlannedResource } from ".";

const FOLDER = join(__dirname, "..", "..", "generated", "plan");

/** The committed plan of a stack; none when it was never rendered. */
export function committedPlan(stack: string): PlannedResource[] {
  const file = join(FOLDER, `${stack}.json`);
  if (!existsSync(file)) return [];
  return (JSON.parse(readFileSync(file, "utf8")) as { resources: PlannedResource[] }).resources;
}

/** A plan as it is committed: without the texts of configuration files, which are reviewed where they are rendered. */
export function committedForm({ stack, outputs, resources }: Plan): string {
  return `${JSON.stringify({ stack, outputs, resources: resources.map(withoutText) }, null, 2)}\n`;
}

/** The resource without what its name already stands for. */
export function withoutText(resource: PlannedResource): PlannedResource {
  const { content, ...inputs } = resource.inputs;
  if (typeof content !== "string") return resource;
  return { ...resource, inputs: { ...inputs, content: `[${Buffer.byteLength(content)} bytes]` } };
}

/** `generated/plan/`: the plan of every stack. */
export async function renderPlanFiles(): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const stack of STACKS) files[`plan/${stack}.json`] = committedForm(await plan(stack));
  return files;
}
