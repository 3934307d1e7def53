import { changeInWords } from "./change-in-words";
import type { PlannedResource } from "./monitor";

/** A resource that differs between two plans, in words. */
export interface Difference {
  kind: "new" | "gone" | "changed";
  type: string;
  name: string;
  /** Such as `budgets.tier_2.monthlyBudget: "$18.00 a month" -> "$20.00 a month"`. */
  lines: string[];
}

/** What would be different from the committed plan. */
export function differences(before: PlannedResource[], after: PlannedResource[]): Difference[] {
  const old = new Map(before.map((resource) => [key(resource), resource]));
  const now = new Map(after.map((resource) => [key(resource), resource]));
  const found: Difference[] = [];
  for (const [id, resource] of now) {
    const known = old.get(id);
    if (!known) found.push({ kind: "new", type: resource.type, name: resource.name, lines: [] });
    else {
      const lines = changedLines(known, resource);
      if (lines.length > 0) found.push({ kind: "changed", type: resource.type, name: resource.name, lines });
    }
  }
  for (const [id, { type, name }] of old)
    if (!now.has(id)) found.push({ kind: "gone", type, name, lines: [] });
  return found;
}

function key({ type, name }: PlannedResource): string {
  return `${type} ${name}`;
}

function changedLines(before: PlannedResource, after: PlannedResource): string[] {
  const old = leaves(before);
  const now = leaves(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((path) => old[path] !== now[path])
    .flatMap((path) => changeInWords(path, old[path], now[path]));
}

function leaves({
  inputs,
  parent,
  dependsOn,
  retainOnDelete,
  protect,
}: PlannedResource): Record<string, string> {
  return { ...flatten("", inputs), ...flatten("", { parent, dependsOn, retainOnDelete, protect }) };
}

/** Every value at the end of a path. Items of a list go by their name where they have one, so that order does not matter. */
function flatten(path: string, value: unknown): Record<string, string> {
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object")) return { [path]: JSON.stringify(value) };
    return Object.assign(
      {},
      ...value.map((item: unknown, at) => flatten(`${path}[${nameOf(item) ?? at}]`, item)),
    );
  }
  if (value === undefined) return {};
  // An empty object says something too: `accessConfigs: [{}]` is an external address.
  if (typeof value === "object" && value !== null && Object.keys(value).length === 0) return { [path]: "{}" };
  if (typeof value !== "object" || value === null) return { [path]: JSON.stringify(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]) => flatten(path ? `${path}.${name}` : name, inner)),
  );
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : undefined;
}
