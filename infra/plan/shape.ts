import { UNKNOWN, type PlannedResource } from "./monitor";
import { candidatesOf, hasVariable, nameTemplate, type Scalar, type Variables } from "./templates";

/** What every plan has in common at one field of a type of resource. */
export interface FieldShape {
  /** The field is set wherever what it is part of is. */
  always?: true;
  /** A list that is never empty. */
  filled?: true;
  /** The places of a list, where it always has as many. */
  length?: number;
  /** Names of the only resources of the type that have the field. */
  only?: string[];
  /** A number that is above 0. */
  positive?: true;
  /** The values there, where they are fixed or made of a stack's settings: `${region}`. */
  values?: Scalar[];
  /** The values there by the resource's name, where those differ. */
  byName?: Record<string, Scalar[]>;
}

/** A type of resource. */
export interface TypeShape {
  /** Names of the program's resources of the type. */
  names: string[];
  /** Fields, as `template.scaling.maxInstanceCount`; `*`, or the name of what is there, stands for the places of a list. */
  fields: Record<string, FieldShape>;
}

export type Shape = Record<string, TypeShape>;

/** What policies hold against the catalogue, texts of many lines, and versions, which go up. */
const ELSEWHERE =
  /(^|\.)(annotations|envs|args|commands|containers\.[^.]+\.image|limits\.cpu|user-data|secretData|version|runExecutionToken)$|^content$/;
/** Components only describe what they are made of, and what is random says nothing. */
const RESOURCE = /^gcp:/;
/** More different values than this are names, not choices. */
const MOST_VALUES = 40;

/** Plans of stacks that have no setting in common with those of the other group. */
export type Group = "committed" | "other";

/** A plan, and the settings that are part of what it says. */
export interface Made {
  group: Group;
  variables: Variables;
  resources: PlannedResource[];
}

interface Found {
  parents: number;
  times: number;
  empty: number;
  lists: number;
  lengths: Set<number>;
  numbers: number;
  notPositive: number;
  /** By the resource's name. */
  seen: Map<string, Seen>;
}

interface Seen {
  /** A value that only an update knows. */
  unknown: boolean;
  /** What each value may stand for, and the groups of plans that have it. */
  values: Map<string, { candidates: Scalar[]; groups: Set<Group> }>;
}

/** What plans of stacks with different settings have in common. */
export function shapeOf(plans: Made[]): Shape {
  const types = new Map<string, { names: Set<string>; fields: Map<string, Found> }>();
  for (const { group, variables, resources } of plans)
    for (const { type, name, inputs } of resources.filter((each) => RESOURCE.test(each.type))) {
      const { names, fields } = types.get(type) ?? { names: new Set(), fields: new Map<string, Found>() };
      types.set(type, { names, fields });
      const own = nameTemplate(name, variables);
      names.add(own);
      walk(inputs, "", (path, value) => note(fields, own, path, value, group, variables));
    }
  const parts = new Map([...types].map(([type, { fields }]) => [type, partsOf(fields.keys())]));
  for (const { resources } of plans)
    for (const { type, inputs } of resources)
      if (parts.has(type)) countParents(inputs, types.get(type)!.fields, parts.get(type)!);
  return Object.fromEntries(
    sorted(types).map(([type, { names, fields }]) => [
      type,
      {
        names: [...names].sort(),
        fields: Object.fromEntries(
          sorted(fields).map(([path, field]) => [path, shapeOfField(field, rare(path, fields, names.size))]),
        ),
      },
    ]),
  );
}

/** Shapes as they are committed: a line a field. */
export function shapeText(shape: Shape): string {
  const types = Object.entries(shape).map(([type, { names, fields }]) => {
    const lines = Object.entries(fields).map(
      ([path, each]) => `      ${JSON.stringify(path)}: ${JSON.stringify(each)}`,
    );
    const own = `    "names": ${JSON.stringify(names)},\n    "fields": {\n${lines.join(",\n")}\n    }`;
    return `  ${JSON.stringify(type)}: {\n${own}\n  }`;
  });
  return `{\n${types.join(",\n")}\n}\n`;
}

function note(
  fields: Map<string, Found>,
  name: string,
  path: string,
  value: unknown,
  group: Group,
  variables: Variables,
): void {
  const field: Found = fields.get(path) ?? {
    ...{ parents: 0, times: 0, empty: 0, lists: 0, numbers: 0, notPositive: 0 },
    lengths: new Set(),
    seen: new Map(),
  };
  fields.set(path, field);
  field.times++;
  const seen: Seen = field.seen.get(name) ?? { unknown: false, values: new Map() };
  field.seen.set(name, seen);
  if (Array.isArray(value)) {
    field.lists++;
    // What goes by a name may be there in one phase and not in another.
    const isFixed = !ELSEWHERE.test(path) && value.every((each) => nameIn(each) === "*");
    field.lengths.add(isFixed ? value.length : Number.NaN);
    if (value.length === 0) field.empty++;
  } else if (value === UNKNOWN || ELSEWHERE.test(path)) seen.unknown = true;
  else if (typeof value !== "object") {
    if (typeof value === "number") field.numbers++;
    if (typeof value === "number" && value <= 0) field.notPositive++;
    const candidates = candidatesOf(value as Scalar, variables);
    const key = JSON.stringify(candidates);
    const same = seen.values.get(key) ?? { candidates, groups: new Set<Group>() };
    same.groups.add(group);
    seen.values.set(key, same);
  }
}

/** Counts for each field how often what it is part of is there. */
function countParents(inputs: object, fields: Map<string, Found>, parts: Map<string, string[]>): void {
  const count = (parent: string) => {
    for (const path of parts.get(parent) ?? []) fields.get(path)!.parents++;
  };
  count("");
  walk(inputs, "", (path, value) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) count(path);
  });
}

/** The fields that are directly part of each; a place in a list is not. */
export function partsOf(paths: Iterable<string>): Map<string, string[]> {
  const parts = new Map<string, string[]>();
  for (const path of paths) {
    const [, parent = "", own] = /^(?:(.*)\.)?([^.]+)$/.exec(path)!;
    if (own !== "*") parts.set(parent, [...(parts.get(parent) ?? []), path]);
  }
  return parts;
}

/** The names of what has a field, where not everything has; none where that is so of what the field is part of already. */
function rare(path: string, fields: Map<string, Found>, names: number): string[] | undefined {
  const own = [...fields.get(path)!.seen.keys()];
  const parent = fields.get(path.replace(/\.?[^.]+$/, ""));
  const ofPart = /(^|\.)(containers|volumes|volumeMounts)\./.test(path) || path.endsWith("*");
  return own.length < (parent?.seen.size ?? names) && !ofPart ? own.sort() : undefined;
}

function shapeOfField(found: Found, only: string[] | undefined): FieldShape {
  const { parents, times, lists, empty, lengths, numbers, notPositive, seen } = found;
  const values = choice([...seen.values()]);
  const named = [...seen].map(([name, each]) => [name, choice([each])] as const);
  const byName = named.filter((pair): pair is [string, Scalar[]] => pair[1] !== undefined);
  const isFixed = values?.length === 1;
  return {
    ...(parents > 0 && times === parents ? { always: true } : {}),
    ...(only ? { only } : {}),
    ...(lists === times && lengths.size === 1 && !lengths.has(Number.NaN)
      ? { length: [...lengths][0]! }
      : lists > 0 && empty === 0
        ? { filled: true }
        : {}),
    ...(values && (isFixed || byName.length < seen.size) ? { values } : {}),
    ...(!isFixed && byName.length > 0 ? { byName: Object.fromEntries(byName.sort()) } : {}),
    ...(numbers > 0 && notPositive === 0 && !(isFixed && !hasVariable(values[0]!)) ? { positive: true } : {}),
  };
}

/** The fewest templates that stand for every value, each in plans of both groups; none where there are no such, or too many. */
function choice(seen: Seen[]): Scalar[] | undefined {
  if (seen.some(({ unknown }) => unknown)) return undefined;
  const open = new Set(seen.flatMap(({ values }) => [...values.values()]));
  const byTemplate = new Map<Scalar, { groups: Set<Group>; values: Set<{ candidates: Scalar[] }> }>();
  for (const value of open)
    for (const template of value.candidates) {
      const of = byTemplate.get(template) ?? {
        groups: new Set<Group>(),
        values: new Set<{ candidates: Scalar[] }>(),
      };
      for (const group of value.groups) of.groups.add(group);
      of.values.add(value);
      byTemplate.set(template, of);
    }
  const usable = [...byTemplate].filter(([, { groups }]) => groups.size === 2);
  const chosen: Scalar[] = [];
  while (open.size > 0 && chosen.length < MOST_VALUES) {
    const covered = usable.map(([template, { values }]) => {
      const count = [...values].filter((value) => open.has(value as never)).length;
      // A word that a setting has says the setting; a number or a flag that one has may do so by chance.
      const isWord = [...values].some((value) => typeof value.candidates[0] === "string");
      const rank = hasVariable(template) === isWord ? 1 : 0;
      return { template, values, count, rank };
    });
    const [best] = covered.sort((a, b) => b.count - a.count || b.rank - a.rank);
    if (!best || best.count === 0) return undefined;
    chosen.push(best.template);
    for (const value of best.values) open.delete(value as never);
  }
  return open.size > 0 || chosen.length === 0 ? undefined : chosen.sort();
}

function sorted<Value>(map: Map<string, Value>): [string, Value][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * Visits every field of a resource that its shape speaks of.
 *
 * @param visit Takes the field's path, its value, and its path with the places in lists.
 */
export function walk(
  value: unknown,
  path: string,
  visit: (path: string, value: unknown, place: string) => void,
  place = path,
): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, each] of Object.entries(value)) {
    // A key of a map may have dots, such as that of an annotation.
    const step = Array.isArray(value) ? nameIn(each) : key.replaceAll(".", "_");
    const at = path === "" ? step : `${path}.${step}`;
    const exact = Array.isArray(value) ? `${place}[${key}]` : place === "" ? key : `${place}.${key}`;
    visit(at, each, exact);
    if (!ELSEWHERE.test(at)) walk(each, at, visit, exact);
  }
}

/** What is in a list goes by its name, if it has one: a container, a volume, a flag. */
function nameIn(entry: unknown): string {
  const name = typeof entry === "object" && entry !== null && "name" in entry ? entry.name : undefined;
  return typeof name === "string" ? name.replaceAll(".", "_") : "*";
}
