import { changeInWords, valueInWords } from "./change-in-words";
import type { PlannedResource } from "./monitor";

/** A resource that differs between two plans, in words. */
export interface Difference {
  kind: "new" | "gone" | "changed";
  type: string;
  name: string;
  /** Such as `budgets.tier_2.monthlyBudget: "$18.00 a month" -> "$20.00 a month"`; of a new resource every value. */
  lines: string[];
}

/** What would be different from the committed plan: every value of every resource, and every order. */
export function differences(before: PlannedResource[], after: PlannedResource[]): Difference[] {
  const old = byId(before);
  const now = byId(after);
  const found: Difference[] = [];
  for (const [id, resource] of now) {
    const { type, name } = resource;
    const known = old.get(id);
    if (!known) found.push({ kind: "new", type, name, lines: valuesOf(resource) });
    else {
      const lines = changedLines(known, resource);
      if (lines.length > 0) found.push({ kind: "changed", type, name, lines });
    }
  }
  for (const [id, { type, name }] of old)
    if (!now.has(id)) found.push({ kind: "gone", type, name, lines: [] });
  return found;
}

/** Parents distinguish what has one type and name. */
function byId(resources: PlannedResource[]): Map<string, PlannedResource> {
  const found = new Map<string, PlannedResource>();
  for (const resource of resources) {
    const id = `${resource.type} ${resource.name}`;
    found.set(found.has(id) ? `${id} in ${resource.parent}` : id, resource);
  }
  return found;
}

function valuesOf(resource: PlannedResource): string[] {
  return Object.entries(leaves(resource))
    .filter(([path, value]) => value !== "[]" && !path.endsWith(ORDER) && path !== option("parent"))
    .map(([path, value]) => valueInWords(path, value));
}

function changedLines(before: PlannedResource, after: PlannedResource): string[] {
  const old = leaves(before);
  const now = leaves(after);
  return [...new Set([...Object.keys(old), ...Object.keys(now)])]
    .filter((path) => old[path] !== now[path])
    .filter((path) => !path.endsWith(ORDER) || isReordered(old[path], now[path]))
    .flatMap((path) => changeInWords(path, old[path], now[path]));
}

/** Every value by its path; a resource's options apart, since an input may have an option's name. */
function leaves({ inputs, type: _type, name: _name, ...options }: PlannedResource): Record<string, string> {
  const named = Object.fromEntries(
    Object.entries(options).flatMap(([name, value]) => Object.entries(flatten(option(name), value))),
  );
  return { ...flatten("", inputs), ...named };
}

const option = (name: string) => `option ${name}`;

/** What follows the path of a list whose items have names. */
const ORDER = " (order)";

/**
 * Every value at the end of a path. Items of a list go by their name where they have one, so that one more does not change
 * the rest; their order is a separate value, because a variable may refer to those before it.
 */
function flatten(path: string, value: unknown): Record<string, string> {
  if (value === undefined) return {};
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== "object")) return { [path]: JSON.stringify(value) };
    const names = distinct(value.map((item: unknown, at) => nameOf(item) ?? String(at)));
    return Object.assign(
      {},
      ...value.map((item: unknown, at) => flatten(`${path}[${names[at]}]`, item)),
      value.length > 1 && value.every((item) => nameOf(item) !== undefined)
        ? { [`${path}${ORDER}`]: JSON.stringify(names) }
        : {},
    );
  }
  // An empty object says something too: `accessConfigs: [{}]` is an external address.
  if (path && typeof value === "object" && value !== null && Object.keys(value).length === 0)
    return { [path]: "{}" };
  if (typeof value !== "object" || value === null) return { [path]: JSON.stringify(value) };
  return Object.assign(
    {},
    ...Object.entries(value).map(([name, inner]) =>
      flatten(path ? `${path}.${step(name)}` : step(name), inner),
    ),
  );
}

/** A key with a dot in it is not two keys. */
function step(key: string): string {
  return /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
}

/** A repeated name gets a number. */
function distinct(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return times === 1 ? name : `${name} #${times}`;
  });
}

/** Whether what is in both lists comes in another order. */
function isReordered(before = "[]", after = "[]"): boolean {
  const [old, now] = [JSON.parse(before) as string[], JSON.parse(after) as string[]];
  const common = (list: string[], other: string[]) => list.filter((name) => other.includes(name)).join("\n");
  return common(old, now) !== common(now, old);
}

function nameOf(item: unknown): string | undefined {
  const name = (item as { name?: unknown } | null)?.name;
  return typeof name === "string" ? name : undefined;
}
